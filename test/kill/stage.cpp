// SPDX-License-Identifier: Apache-2.0
#include "stage.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

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

bool eventually(std::function<bool()> const& holds) {
    constexpr int milliseconds = 5'000;
    for (int i = 0; i != milliseconds; ++i) {
        if (holds()) return true;
        ::usleep(1'000);
    }
    return holds();
}

void call_traced_functions(bl::fd_view program) {
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    if (::bpf_prog_test_run_opts(program.get(), &options) < 0)
        throw std::system_error{errno, std::generic_category(), "a test run"};
}

[[gnu::noinline]] void kill_tests_probed() {
    asm volatile("");
}

std::string const& this_binary() {
    static std::string const path = std::filesystem::read_symlink("/proc/self/exe");
    return path;
}
