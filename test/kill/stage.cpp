// SPDX-License-Identifier: Apache-2.0
#include "stage.hpp"

#include "own_probe.hpp"
#include "replaceable.bpf.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

namespace bl = bpflink;

namespace {

bpf_prog_info info_of(bl::fd_view program) {
    bpf_prog_info info{};
    __u32 size = sizeof info;
    if (::bpf_prog_get_info_by_fd(program.get(), &info, &size) < 0)
        throw std::system_error{errno, std::generic_category(), "info of a program"};
    return info;
}

} // namespace

void skip(std::string const& reason) {
    std::printf("SKIP: %s\n", reason.c_str());
    std::fflush(stdout);
}

bl::unique_fd load_tiny(bl::program_type type, bl::attach_type expected, int value,
                        char const* function) {
    std::array<bpf_insn, 2> const code{
        bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K,
                 .dst_reg = 0,
                 .src_reg = 0,
                 .off = 0,
                 .imm = value},
        bpf_insn{.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
    bpf_prog_load_opts options{};
    options.sz = sizeof options;
    options.expected_attach_type = static_cast<bpf_attach_type>(expected);
    if (function) {
        int const id = ::libbpf_find_vmlinux_btf_id(function, options.expected_attach_type);
        if (id < 0) {
            skip(std::string{function} + " is not in the kernel's types");
            return {};
        }
        options.attach_btf_id = static_cast<__u32>(id);
    }
    int const fd = ::bpf_prog_load(static_cast<bpf_prog_type>(type), "tiny", "GPL", code.data(),
                                   code.size(), &options);
    if (fd >= 0) return bl::unique_fd{fd};
    skip("the kernel takes no " + to_string(type) +
         " program: " + std::generic_category().message(-fd));
    return {};
}

bl::program_id id_of_program(bl::fd_view program) {
    return bl::program_id{info_of(program).id};
}

std::uint64_t runs_of(bl::fd_view program) {
    return info_of(program).run_cnt;
}

std::vector<bl::link_id> links_of(bl::program_id program) {
    std::vector<bl::link_id> found;
    for (auto&& each : bl::infos())
        if (each && each->program == program) found.push_back(each->id);
    return found;
}

std::vector<bl::link_id> tiny<bl::program_type::struct_ops>::links() const {
    std::vector<bl::link_id> found;
    for (auto&& each : bl::infos()) {
        if (!each) continue;
        auto const* const details = std::get_if<bl::struct_ops_details>(&each->details);
        if (details && details->map == table.map_id()) found.push_back(each->id);
    }
    return found;
}

bl::btf_id id_of_traced_function() {
    int const id = ::libbpf_find_vmlinux_btf_id(traced_function, BPF_TRACE_FENTRY);
    return bl::btf_id{id > 0 ? static_cast<std::uint32_t>(id) : 0};
}

void call_traced_functions(bl::fd_view program) {
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    if (::bpf_prog_test_run_opts(program.get(), &options) < 0)
        throw std::system_error{errno, std::generic_category(), "a test run"};
}

std::optional<sandbox::network::netkit> add_netkit(sandbox::network& net) {
    try {
        return net.add_netkit();
    } catch (std::system_error const& e) {
        if (e.code().value() != EOPNOTSUPP) throw;
        skip(std::string{"no netkit driver: "} + e.what());
        return std::nullopt;
    }
}

void read_iterator(bl::link_id id) {
    auto const l = bl::iter_link::from_id(id);
    if (!l) return; // it has just ended
    auto output = must(l->open());
    static_cast<void>(must(output.read_all()));
}

bl::unique_fd load_replaceable(char const* name, bl::fd_view target) {
    auto const file = bpf_objects::replaceable();
    std::unique_ptr<::bpf_object, void (*)(::bpf_object*)> const object{
        ::bpf_object__open_mem(file.data(), file.size(), nullptr), ::bpf_object__close};
    if (!object) throw std::system_error{errno, std::generic_category(), "opening programs"};
    ::bpf_program* wanted = nullptr;
    for (::bpf_program* each = nullptr; (each = ::bpf_object__next_program(object.get(), each));) {
        bool const is_wanted = std::strcmp(::bpf_program__name(each), name) == 0;
        ::bpf_program__set_autoload(each, is_wanted);
        if (is_wanted) wanted = each;
    }
    if (target) ::bpf_program__set_attach_target(wanted, target.get(), "replaceable");
    ::libbpf_set_print(nullptr);
    if (int const failed = ::bpf_object__load(object.get()); failed < 0) {
        skip("the kernel takes no program that replaces a function, nor one with such: " +
             std::generic_category().message(-failed));
        return {};
    }
    return bl::unique_fd{::fcntl(::bpf_program__fd(wanted), F_DUPFD_CLOEXEC, 0)};
}

unsigned verdict_of(bl::fd_view program) {
    std::array<char, 64> packet{};
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = packet.data();
    options.data_size_in = packet.size();
    options.repeat = 1;
    if (::bpf_prog_test_run_opts(program.get(), &options) < 0)
        throw std::system_error{errno, std::generic_category(), "a test run"};
    return options.retval;
}

[[gnu::noinline]] void kill_tests_probed() {
    OWN_PROBE("bpflink", "kill_tests", "0", "");
}

std::string const& this_binary() {
    static std::string const path = std::filesystem::read_symlink("/proc/self/exe");
    return path;
}
