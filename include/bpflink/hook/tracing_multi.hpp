// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>
#include <bpflink/ids.hpp>

#include <array>
#include <optional>
#include <span>

namespace bpflink {

/// Many functions of the kernel by one link: before (fentry), after (fexit) or both (fsession).
///
/// `functions` are the BTF ids of functions in the program's BTF object, each once, at most 2^20;
/// `cookies` are one for each, or empty. Both are copied. `attach` is needed if the program is
/// known by its descriptor only.
/// @errors invalid_argument   no functions, one of them twice, cookies of another number; `attach`
///                            is missing or not the one the program was loaded for; a BTF id that
///                            is not a function's
///         not_supported      a kernel before 7.2, or built without it; one of the functions
///                            cannot be traced here (ENOTSUPP)
///         EBUSY              one of the functions cannot be traced here, or has this program
///                            (already_exists): the kernel does not tell which
///         not_found          the module of a function was unloaded
///         E2BIG              more than 2^20 functions, or 38 programs are on one of them
///         permission_denied  CAP_BPF or CAP_PERFMON is missing
/// @kernel since 7.2; kernel/trace/bpf_trace.c, bpf_tracing_multi_attach(); read at v7.2
/// @cost 1 system call
struct hook::tracing_multi {
    std::span<btf_id const> functions;                ///< in the program's BTF object
    std::span<cookie const> cookies = {};             ///< none, or one for each
    std::optional<attach_type> attach = std::nullopt; ///< where the program does not tell
};

template <>
struct hook_traits<hook::tracing_multi> : detail::of_kind<link_type::tracing_multi> {
    static constexpr std::string_view name = "tracing_multi";
    static constexpr std::array program_types{program_type::tracing};
    static constexpr std::array attach_types{attach_type::trace_fentry_multi,
                                             attach_type::trace_fexit_multi,
                                             attach_type::trace_fsession_multi};
    static constexpr kernel_version since{7, 2};
    using details = tracing_multi_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("functions", &hook::tracing_multi::functions, field_use::required);
        visit("cookies", &hook::tracing_multi::cookies, field_use::optional);
        visit("attach", &hook::tracing_multi::attach, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static result<unique_fd> create(detail::borrowed_program prog,
                                    hook::tracing_multi const& where);
    static result<match> is_at(hook::tracing_multi const& where, detail::located_link const& l);
};

/// A link of hook::tracing_multi.
using tracing_multi_link = typed_link<hook::tracing_multi>;

} // namespace bpflink
