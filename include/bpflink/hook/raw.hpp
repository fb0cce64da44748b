// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/attach_type.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/fwd.hpp>
#include <bpflink/ids.hpp>

#include <cstdint>
#include <optional>
#include <variant>

namespace bpflink {

/// BPF_LINK_CREATE as it is: any program and any attach type, everything checked by the kernel.
/// Outside the table of hooks: no concept knows it.
///
/// `target` depends on the attach type: a descriptor (cgroup, network namespace, program, perf
/// event; borrowed), an interface, or nothing. A descriptor cannot stand for an interface. An empty
/// `attach` is the one that the program was loaded for, where that is known. `btf` is the target's
/// BTF type where a program is replaced (freplace). `flags` go to the kernel unchanged.
/// @errors the kernel's own for the attach type; EINVAL is mostly a program of another type
///         invalid_argument  `attach` is empty, and not known; the program is of another type, or
///                           loaded for something else; the target is not open, or missing (EBADF)
///         not_supported     the kernel does not make links of the attach type (lirc_mode2), or
///                           makes them by another command (tracing and LSM before 5.19)
///         not_found         no such interface (ENODEV; EINVAL of XDP)
/// @kernel since 5.7; kernel/bpf/syscall.c, link_create()
/// @cost 1 system call
struct hook::raw {
    std::variant<std::monostate, fd_view, ifindex> target; ///< borrowed
    std::optional<attach_type> attach = std::nullopt;      ///< any number
    std::optional<btf_id> btf = std::nullopt;              ///< the target's BTF type
    std::uint32_t flags = 0;                               ///< unchanged to the kernel
};

} // namespace bpflink
