// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/raw_tracepoint.hpp>

namespace bpflink {

/// A kernel tracepoint whose arguments the verifier knows by their BTF types; the program was
/// loaded for it. The kernel calls the link a raw tracepoint's.
///
/// `cookie`, where it is not 0, is what bpf_get_attach_cookie() returns in the program.
/// @errors invalid_argument   loaded for something else (both are named); a cookie on a kernel
///                            before 6.10
///         not_found          the tracepoint's module was unloaded
///         already_exists     the program is on the tracepoint already, before 6.10
///         not_supported      the kernel is built without BPF events
///         permission_denied  CAP_BPF or CAP_PERFMON is missing
/// @kernel since 5.7, cookie 6.10; kernel/bpf/syscall.c, bpf_raw_tp_link_attach(); read at v6.12
/// @cost 1 system call
struct hook::tp_btf {
    bpflink::cookie cookie{}; ///< for bpf_get_attach_cookie(); 0: none
};

template <>
struct hook_traits<hook::tp_btf> : detail::of_kind<link_type::raw_tracepoint> {
    static constexpr std::string_view name = "tp_btf";
    static constexpr std::array program_types{program_type::tracing};
    static constexpr std::array attach_types{attach_type::trace_raw_tp};
    static constexpr kernel_version since{5, 7};
    using details = raw_tracepoint_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("cookie", &hook::tp_btf::cookie, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static match matches(link_info const& info) noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::tp_btf const& where);
    static result<match> is_at(hook::tp_btf const& where, detail::located_link const& l);
};

/// A link of hook::tp_btf.
using tp_btf_link = typed_link<hook::tp_btf>;

} // namespace bpflink
