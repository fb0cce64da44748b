// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/fd.hpp>
#include <bpflink/program_type.hpp>

#include <array>

#include <linux/bpf.h>
#include <bpf/bpf.h>

/// A program that only returns a number: XDP_PASS, or 0 for a tracer. A service needs no more than
/// this for a program of its own: bpflink::bpf_program.
template <bpflink::program_type Type>
struct small_program {
    static constexpr auto type = Type;
    bpflink::unique_fd owned; ///< empty where the kernel refuses it
    [[nodiscard]] bpflink::fd_view fd() const { return owned; }

    explicit small_program(int value) {
        std::array<bpf_insn, 2> const code{
            {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, value}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}}};
        int const fd = ::bpf_prog_load(static_cast<bpf_prog_type>(Type), "small", "GPL",
                                       code.data(), code.size(), nullptr);
        if (fd >= 0) owned = bpflink::unique_fd{fd};
    }
};
