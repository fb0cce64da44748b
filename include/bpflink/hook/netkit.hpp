// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/order.hpp>
#include <bpflink/hook/traits.hpp>
#include <bpflink/ids.hpp>

#include <array>
#include <optional>

namespace bpflink {

/// The packets that a netkit device sends: the primary device itself (`attach` is netkit_primary)
/// or its peer (netkit_peer). `ifindex` is the primary's for both, so that somebody who has only
/// the peer cannot take the program off. Otherwise as hook::tcx.
/// @errors not_found          not a netkit device (ENXIO), or one without its peer (ENODEV)
///         invalid_argument   the interface is a peer (EACCES)
///         not_supported      it is a single device, which takes no programs (EOPNOTSUPP)
///         others             as hook::tcx
/// @kernel since 6.7; drivers/net/netkit.c, netkit_link_attach(); read at v6.12
/// @cost 1 system call
struct hook::netkit {
    bpflink::ifindex ifindex;                                 ///< of the primary device
    std::optional<attach_type> attach = std::nullopt;         ///< netkit_primary or netkit_peer
    std::optional<bpflink::order> order = std::nullopt;       ///< empty: last
    std::optional<revision> expected_revision = std::nullopt; ///< of a query
};

template <>
struct hook_traits<hook::netkit> : detail::of_kind<link_type::netkit> {
    static constexpr std::string_view name = "netkit";
    static constexpr std::array program_types{program_type::sched_cls};
    static constexpr std::array attach_types{attach_type::netkit_primary, attach_type::netkit_peer};
    static constexpr kernel_version since{6, 7};
    using details = netkit_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("ifindex", &hook::netkit::ifindex, field_use::required);
        visit("attach", &hook::netkit::attach, field_use::optional);
        visit("order", &hook::netkit::order, field_use::optional);
        visit("expected_revision", &hook::netkit::expected_revision, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::netkit const& where);
    static result<match> is_at(hook::netkit const& where, detail::located_link const& l);
};

/// A link of hook::netkit.
using netkit_link = typed_link<hook::netkit>;

} // namespace bpflink
