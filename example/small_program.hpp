// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/fd.hpp>
#include <bpflink/program_type.hpp>

#include <array>
#include <cerrno>
#include <system_error>

#include <linux/bpf.h>
#include <bpf/bpf.h>

/// A program that only returns a number: XDP_PASS, or 0 for a tracer. It stands in for a program of
/// a skeleton, as copy/count has one, so that an example is a file. Copy this file along with that.
/// A service needs no more than this for a class of its own: bpflink::bpf_program.
template <bpflink::program_type Type>
struct small_program {
    static constexpr auto type = Type;
    bpflink::unique_fd owned;
    [[nodiscard]] bpflink::fd_view fd() const { return owned; }

    /// Loads it; throws std::system_error where the kernel refuses.
    explicit small_program(int value, bpf_attach_type expected = {}) {
        std::array<bpf_insn, 2> const code{
            {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, value}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}}};
        bpf_prog_load_opts options{};
        options.sz = sizeof options;
        options.expected_attach_type = expected;
        int const fd = ::bpf_prog_load(static_cast<bpf_prog_type>(Type), "small", "GPL",
                                       code.data(), code.size(), &options);
        if (fd < 0) throw std::system_error{-fd, std::generic_category(), "loading a program"};
        owned = bpflink::unique_fd{fd};
    }
};
