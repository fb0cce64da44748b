// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/tracing.hpp>

#include <string_view>

namespace bpflink {

/// A function of another BPF program, which the program replaces. One link for each function.
///
/// Without `target`, it is the function that the program was loaded for. With it, another one of
/// the same signature: `function`, by name, of the program `target` (borrowed). Both or neither.
/// @errors invalid_argument   one of the two is missing; the target is not a program; the
///                            signature or the target's type differs; the program is already
///                            attached where it was loaded for, or does what the target does not
///         not_found          `target` has no such function, or no BTF
///         hook_busy          the function is replaced, or traced, already; `target` is in a
///                            prog_array
///         not_supported      the kernel does not compile BPF programs (EOPNOTSUPP), or cannot
///                            replace their functions on this processor (ENOTSUPP)
///         permission_denied  CAP_BPF or CAP_SYS_ADMIN is missing
/// @kernel since 5.7, `target` 5.10; kernel/bpf/syscall.c, bpf_tracing_prog_attach(); read at v6.12
/// @cost 1 system call; with `target` 4 and more, to read its BTF
struct hook::freplace {
    fd_view target = {};            ///< a program; empty: the one it was loaded for
    std::string_view function = {}; ///< of the target; empty likewise
};

template <>
struct hook_traits<hook::freplace> : detail::of_kind<link_type::tracing> {
    static constexpr std::string_view name = "freplace";
    static constexpr std::array program_types{program_type::ext};
    static constexpr std::array<attach_type, 0> attach_types{};
    static constexpr kernel_version since{5, 7};
    using details = tracing_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("target", &hook::freplace::target, field_use::optional);
        visit("function", &hook::freplace::function, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static match matches(link_info const& info) noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::freplace const& where);
    static result<match> is_at(hook::freplace const& where, detail::located_link const& l);
};

/// A link of hook::freplace.
using freplace_link = typed_link<hook::freplace>;

} // namespace bpflink
