// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>

#include <array>
#include <optional>

namespace bpflink {

/// A network namespace. A flow_dissector program (`attach`; one at most) reads the headers of its
/// packets. Programs of type sk_lookup, up to 64 in the order they were attached, pick the socket
/// for an incoming connection or datagram. The link does not hold the namespace: when that goes,
/// the link is defunct.
///
/// `netns` is a descriptor of the namespace, as of /proc/PID/ns/net; borrowed. An empty `attach` is
/// the one of the program's type.
/// @errors hook_busy          another flow dissector is there (E2BIG), or one without a link, or
///                            one in the first network namespace, which goes for all (EEXIST)
///         invalid_argument   `netns` is not a network namespace's (EINVAL), or not open (EBADF);
///                            `attach` is another hook's, or not the program's (both are named)
///         E2BIG              64 programs are there
///         permission_denied  CAP_NET_ADMIN or CAP_BPF is missing
/// @kernel since 5.8, sk_lookup since 5.9; kernel/bpf/net_namespace.c, netns_bpf_link_create();
///         read at v6.12
/// @cost 1 system call
struct hook::netns {
    fd_view netns;                                    ///< borrowed
    std::optional<attach_type> attach = std::nullopt; ///< flow_dissector or sk_lookup
};

template <>
struct hook_traits<hook::netns> : detail::of_kind<link_type::netns> {
    static constexpr std::string_view name = "netns";
    static constexpr std::array program_types{program_type::flow_dissector,
                                              program_type::sk_lookup};
    static constexpr std::array attach_types{attach_type::flow_dissector, attach_type::sk_lookup};
    static constexpr kernel_version since{5, 8};
    using details = netns_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("netns", &hook::netns::netns, field_use::required);
        visit("attach", &hook::netns::attach, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::netns const& where);
    static result<match> is_at(hook::netns const& where, detail::located_link const& l);
};

/// A link of hook::netns.
using netns_link = typed_link<hook::netns>;

} // namespace bpflink
