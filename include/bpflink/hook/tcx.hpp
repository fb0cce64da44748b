// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/order.hpp>
#include <bpflink/hook/traits.hpp>
#include <bpflink/ids.hpp>

#include <array>
#include <optional>

namespace bpflink {

/// A network interface's ingress or egress, where tc is (`attach` is tcx_ingress or tcx_egress).
/// Up to 63 programs run in their order until one returns another verdict than TCX_NEXT; a program
/// is there once. The link does not hold the interface: when that goes, the link is defunct.
///
/// An empty `attach` is the attach type that the program was loaded for, where that is known.
/// Without `order` a program goes last. With `expected_revision` (of a query) it goes there only
/// while the hook is as it was then.
/// @errors not_found          no such interface in the caller's network namespace (ENODEV); the
///                            program or link that `order` names is gone, or not on the hook
///                            (ENOENT)
///         already_exists     the program is on the hook (EEXIST)
///         stale_revision     the hook changed (ESTALE)
///         not_supported      this kernel does not have the hook (EINVAL)
///         invalid_argument   `attach` is another hook's, or empty and not known; `order` names
///                            neither a sched_cls program nor a link of one, or something that is
///                            not open (EBADF); `expected_revision` is 0
///         ERANGE             63 programs are there
///         EAGAIN             the link that `order` names is not attached yet
///         permission_denied  CAP_NET_ADMIN or CAP_BPF is missing
/// @kernel since 6.6; kernel/bpf/tcx.c, tcx_link_attach(); read at v6.12
/// @cost 1 system call
struct hook::tcx {
    bpflink::ifindex ifindex;                                 ///< in the caller's network namespace
    std::optional<attach_type> attach = std::nullopt;         ///< tcx_ingress or tcx_egress
    std::optional<bpflink::order> order = std::nullopt;       ///< empty: last
    std::optional<revision> expected_revision = std::nullopt; ///< of a query
};

template <>
struct hook_traits<hook::tcx> : detail::of_kind<link_type::tcx> {
    static constexpr std::string_view name = "tcx";
    static constexpr std::array program_types{program_type::sched_cls};
    static constexpr std::array attach_types{attach_type::tcx_ingress, attach_type::tcx_egress};
    static constexpr kernel_version since{6, 6};
    using details = tcx_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("ifindex", &hook::tcx::ifindex, field_use::required);
        visit("attach", &hook::tcx::attach, field_use::optional);
        visit("order", &hook::tcx::order, field_use::optional);
        visit("expected_revision", &hook::tcx::expected_revision, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::tcx const& where);
    static result<match> is_at(hook::tcx const& where, detail::located_link const& l);
};

/// A link of hook::tcx.
using tcx_link = typed_link<hook::tcx>;

} // namespace bpflink
