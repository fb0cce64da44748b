// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"

#include "kernel_case.hpp"
#include "loaded.hpp"

#include <cerrno>
#include <system_error>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

namespace bl = bpflink;

namespace {

constexpr std::int32_t get_attach_cookie = 174; // BPF_FUNC_get_attach_cookie

bpf_insn instruction(int code, int dst, int src, int off, int imm) {
    bpf_insn made{};
    made.code = static_cast<std::uint8_t>(code);
    made.dst_reg = static_cast<std::uint8_t>(dst & 0xf);
    made.src_reg = static_cast<std::uint8_t>(src & 0xf);
    made.off = static_cast<std::int16_t>(off);
    made.imm = imm;
    return made;
}
bpf_insn call(int helper) {
    return instruction(BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}
bpf_insn move(int dst, int src) {
    return instruction(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}
bpf_insn set(int dst, int value) {
    return instruction(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value);
}

std::vector<bpf_insn> code_of(bl::fd_view map, counted_program::options const& wanted) {
    std::vector<bpf_insn> code;
    if (wanted.reads_cookie) {
        code.push_back(call(get_attach_cookie)); // of the context, in r1
        code.push_back(move(7, 0));
    } else if (wanted.reads_at != 0) {
        code.push_back(instruction(BPF_LDX | BPF_MEM | BPF_DW, 7, 1, wanted.reads_at, 0));
    } else {
        code.push_back(set(7, 0));
    }
    code.push_back(instruction(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0)); // the key: 0
    code.push_back(instruction(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map.get()));
    code.push_back(instruction(0, 0, 0, 0, 0)); // its second half
    code.push_back(move(2, 10));
    code.push_back(instruction(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4));
    code.push_back(call(BPF_FUNC_map_lookup_elem));
    code.push_back(instruction(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3, 0)); // never
    code.push_back(set(1, 1));
    code.push_back(instruction(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 1, 0, BPF_ADD));
    code.push_back(instruction(BPF_STX | BPF_MEM | BPF_DW, 0, 7, 8, 0));
    code.push_back(set(0, wanted.returns));
    code.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
    return code;
}

bl::unique_fd load_code(bl::program_type type, bl::attach_type expected,
                        std::vector<bpf_insn> const& code, counted_program::options const& wanted) {
    if (!wanted.sleeps) return load_tiny(type, expected, code, wanted.target, wanted.types);
    ::bpf_prog_load_opts options{};
    options.sz = sizeof options;
    options.expected_attach_type = static_cast<::bpf_attach_type>(expected);
    options.attach_btf_id = static_cast<std::uint32_t>(wanted.target.value());
    options.prog_flags = BPF_F_SLEEPABLE;
    bl::unique_fd loaded{::bpf_prog_load(static_cast<::bpf_prog_type>(type), "sleeper", "GPL",
                                         code.data(), code.size(), &options)};
    if (!loaded) throw std::system_error{errno, std::generic_category(), "loading a program"};
    note_own_program(id_of_program(loaded).value());
    return loaded;
}

} // namespace

counted_program::counted_program(bl::program_type type, bl::attach_type expected, options wanted)
    : expected_{expected},
      map_{::bpf_map_create(BPF_MAP_TYPE_ARRAY, "counted", 4, sizeof(kept), 1, nullptr)} {
    if (!map_) throw std::system_error{errno, std::generic_category(), "a map"};
    program_ = load_code(type, expected, code_of(map_, wanted), wanted);
}

std::optional<counted_program> counted_program::load(bl::program_type type,
                                                     bl::attach_type expected, options wanted) {
    try {
        return std::optional<counted_program>{std::in_place, type, expected, wanted};
    } catch (std::system_error const& e) {
        skip_case("the kernel takes no " + to_string(type) + " program" +
                  (expected == bl::attach_type{} ? "" : " of " + to_string(expected)) +
                  (wanted.reads_cookie ? " that reads its cookie" : "") +
                  (wanted.sleeps ? " that sleeps: " : ": ") + e.code().message());
        return std::nullopt;
    }
}

counted_program::kept counted_program::read() const {
    std::uint32_t const key = 0;
    kept value;
    if (::bpf_map_lookup_elem(map_.get(), &key, &value) < 0)
        throw std::system_error{errno, std::generic_category(), "reading a map"};
    return value;
}

std::optional<bl::btf_id> kernel_function(char const* name, bl::attach_type attach) {
    int const id = ::libbpf_find_vmlinux_btf_id(name, static_cast<::bpf_attach_type>(attach));
    if (id > 0) return bl::btf_id{id};
    skip_case(std::string{name} + " is not in the kernel's types");
    return std::nullopt;
}

bool call_traced_functions() {
    auto const any = kernel_function("bpf_fentry_test1");
    if (!any) return false;
    auto const caller = counted_program::load(bl::program_type::tracing,
                                              bl::attach_type::trace_fentry, {.target = *any});
    if (!caller) return false;
    ::bpf_test_run_opts options{};
    options.sz = sizeof options;
    if (::bpf_prog_test_run_opts(caller->fd().get(), &options) == 0) return true;
    throw std::system_error{errno, std::generic_category(), "a test run"};
}
