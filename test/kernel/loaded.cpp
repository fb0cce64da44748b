// SPDX-License-Identifier: Apache-2.0
#include "loaded.hpp"

#include "expect.hpp"
#include "kernel_case.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bl = bpflink;

programs::programs(std::initializer_list<std::string_view> names) : test_programs{names} {
    for (auto const name : names)
        note_own_program(id(name));
}

std::string refusal(std::string_view name) {
    try {
        test_programs const probe{name};
    } catch (std::system_error const& e) {
        return "this kernel does not load " + std::string{name} + ": " + e.code().message();
    }
    return {};
}

programs::xdp_ref programs::xdp(std::string_view name) const {
    return must(xdp_ref::from(get(name)));
}

programs::skb_ref programs::skb(std::string_view name) const {
    return must(skb_ref::from(get(name)));
}

programs::connect_ref programs::connect(std::string_view name) const {
    return must(connect_ref::from(get(name)));
}

programs::tracepoint_ref programs::tracepoint(std::string_view name) const {
    return must(tracepoint_ref::from(get(name)));
}

programs::iter_ref programs::iter(std::string_view name) const {
    return must(iter_ref::from(get(name)));
}

// Not by libbpf, whose enumerations end where the build machine's header does.
bl::unique_fd load_tiny(bl::program_type type, bl::attach_type expected_attach_type,
                        std::span<bpf_insn const> code, bl::btf_id target, bl::fd_view types) {
    ::bpf_attr attributes{};
    attributes.prog_type = static_cast<std::uint32_t>(type);
    attributes.expected_attach_type = static_cast<std::uint32_t>(expected_attach_type);
    attributes.insns = reinterpret_cast<std::uintptr_t>(code.data());
    attributes.insn_cnt = static_cast<std::uint32_t>(code.size());
    attributes.license = reinterpret_cast<std::uintptr_t>("GPL");
    attributes.attach_btf_id = target.value();
    if (types) attributes.attach_btf_obj_fd = static_cast<std::uint32_t>(types.get());
    std::strcpy(attributes.prog_name, "tiny");
    int const fd =
        static_cast<int>(::syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes));
    if (fd < 0) throw std::system_error{errno, std::generic_category(), "loading a program"};
    note_own_program(id_of_program(bl::fd_view{fd}).value());
    return bl::unique_fd{fd};
}

bl::unique_fd load_constant(bl::program_type type, bl::attach_type expected_attach_type, int value,
                            bl::btf_id target) {
    bpf_insn const code[]{
        {.code = BPF_ALU64 | BPF_MOV | BPF_K,
         .dst_reg = BPF_REG_0,
         .src_reg = 0,
         .off = 0,
         .imm = value},
        {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
    };
    return load_tiny(type, expected_attach_type, code, target);
}

bool loads(bl::program_type type, bl::attach_type expected_attach_type) {
    try {
        bl::unique_fd const loaded = load_constant(type, expected_attach_type, 1);
        return true;
    } catch (std::system_error const& e) {
        skip_case("the kernel takes no program of " + to_string(type) + ", " +
                  to_string(expected_attach_type) + ": " + e.code().message());
        return false;
    }
}

run_statistics::run_statistics() : fd_{::bpf_enable_stats(BPF_STATS_RUN_TIME)} {
    if (!fd_) throw std::system_error{errno, std::generic_category(), "counting runs"};
}

std::uint64_t run_statistics::runs(bl::fd_view prog) {
    ::bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (::bpf_prog_get_info_by_fd(prog.get(), &info, &size) < 0)
        throw std::system_error{errno, std::generic_category(), "a program's runs"};
    return info.run_cnt;
}

bl::program_id id_of_program(bl::fd_view program) {
    ::bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (::bpf_prog_get_info_by_fd(program.get(), &info, &size) < 0)
        throw std::system_error{errno, std::generic_category(), "a program's id"};
    return bl::program_id{info.id};
}

std::set<bl::program_id> open_programs() {
    std::set<bl::program_id> all;
    for (auto const& each : std::filesystem::directory_iterator{"/proc/self/fd"}) {
        std::error_code gone;
        auto const what = std::filesystem::read_symlink(each.path(), gone);
        if (what != "anon_inode:bpf-prog") continue;
        std::ifstream facts{"/proc/self/fdinfo/" + each.path().filename().string()};
        std::string key;
        for (unsigned id = 0; facts >> key; facts.ignore(1'000, '\n'))
            if (key == "prog_id:" && facts >> id) all.insert(bl::program_id{id});
    }
    return all;
}

bl::unique_fd make_map() {
    bl::unique_fd map{::bpf_map_create(BPF_MAP_TYPE_ARRAY, "tiny", 4, 8, 1, nullptr)};
    if (!map) throw std::system_error{errno, std::generic_category(), "a map"};
    return map;
}

void skip_unsupported(bl::error const& why) {
    auto const text = why.message(); // its subject may hold what differs from run to run
    auto const advice = text.rfind("; ");
    skip_case("the kernel says: " +
              (advice == text.npos ? why.code().message() : text.substr(advice + 2)));
}
