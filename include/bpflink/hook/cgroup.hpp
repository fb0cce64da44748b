// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/order.hpp>
#include <bpflink/hook/traits.hpp>
#include <bpflink/ids.hpp>

#include <array>
#include <optional>
#include <string_view>
#include <variant>

namespace bpflink {

/// A hook of a version 2 cgroup, for the processes in it and below. Any number of links (64
/// programs) for each attach type; a link never stops others (ALLOW_MULTI). When the directory is
/// removed, the link is defunct.
///
/// `cgroup` is the directory: its path (copied) or a descriptor opened for reading (borrowed).
/// `attach` says which of the hooks; each goes with one program type. Empty is the one that the
/// program was loaded for, where that is known, or the only one for its type. Without `order` a
/// program goes last; an order names links, not programs. With `expected_revision` (of a query) it
/// goes there only while the hook is as it was then. With `preorder` it runs before the programs of
/// the cgroups below, which otherwise come first.
/// @errors not_found          no such directory, or it was removed (ENOENT); the link that `order`
///                            names is gone, or not on the hook (ENOENT)
///         hook_busy          a program without ALLOW_MULTI is there or above (EPERM); it is named
///         not_supported      `order` or `expected_revision` before 6.17, `preorder` before 6.15;
///                            lsm_cgroup on a kernel or machine without
///         stale_revision     the hook changed (ESTALE)
///         invalid_argument   the directory is of a version 1 hierarchy, not a cgroup or not open
///                            (EBADF); `attach` is another hook's, or not the one the program was
///                            loaded for, or empty where nothing tells it, as for
///                            SEC("cgroup/skb"); `order` names a program; its link is not open
///                            (EBADF), or one of both alone is in preorder; the revision is 0
///         E2BIG              64 programs are there, or the LSM hook's trampoline is full
///         EINVAL             ten LSM hooks have programs of cgroups
///         EAGAIN             the link that `order` names is not attached yet
///         permission_denied  CAP_NET_ADMIN or CAP_BPF is missing
/// @kernel since 5.7, lsm_cgroup since 6.0; kernel/bpf/cgroup.c, cgroup_bpf_link_attach(); read at
///         v6.12
/// @cost 1 system call by descriptor, 3 by path
struct hook::cgroup {
    std::variant<std::string_view, fd_view> cgroup;     ///< its directory: path or descriptor
    std::optional<attach_type> attach = std::nullopt;   ///< which hook: cgroup_inet_egress, ...
    std::optional<bpflink::order> order = std::nullopt; ///< empty: last
    std::optional<revision> expected_revision = std::nullopt; ///< of a query
    bool preorder = false; ///< before the programs of the cgroups below
};

template <>
struct hook_traits<hook::cgroup> : detail::of_kind<link_type::cgroup> {
    static constexpr std::string_view name = "cgroup";
    static constexpr std::array program_types{
        program_type::cgroup_skb,    program_type::cgroup_sock,   program_type::cgroup_sock_addr,
        program_type::cgroup_device, program_type::cgroup_sysctl, program_type::cgroup_sockopt,
        program_type::sock_ops,      program_type::lsm,
    };
    static constexpr std::array attach_types{attach_type::cgroup_inet_ingress,
                                             attach_type::cgroup_inet_egress,
                                             attach_type::cgroup_inet_sock_create,
                                             attach_type::cgroup_inet_sock_release,
                                             attach_type::cgroup_inet4_post_bind,
                                             attach_type::cgroup_inet6_post_bind,
                                             attach_type::cgroup_inet4_bind,
                                             attach_type::cgroup_inet6_bind,
                                             attach_type::cgroup_inet4_connect,
                                             attach_type::cgroup_inet6_connect,
                                             attach_type::cgroup_unix_connect,
                                             attach_type::cgroup_inet4_getpeername,
                                             attach_type::cgroup_inet6_getpeername,
                                             attach_type::cgroup_unix_getpeername,
                                             attach_type::cgroup_inet4_getsockname,
                                             attach_type::cgroup_inet6_getsockname,
                                             attach_type::cgroup_unix_getsockname,
                                             attach_type::cgroup_udp4_sendmsg,
                                             attach_type::cgroup_udp6_sendmsg,
                                             attach_type::cgroup_unix_sendmsg,
                                             attach_type::cgroup_udp4_recvmsg,
                                             attach_type::cgroup_udp6_recvmsg,
                                             attach_type::cgroup_unix_recvmsg,
                                             attach_type::cgroup_sock_ops,
                                             attach_type::cgroup_device,
                                             attach_type::cgroup_sysctl,
                                             attach_type::cgroup_getsockopt,
                                             attach_type::cgroup_setsockopt,
                                             attach_type::lsm_cgroup};
    static constexpr kernel_version since{5, 7};
    using details = cgroup_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("cgroup", &hook::cgroup::cgroup, field_use::required);
        visit("attach", &hook::cgroup::attach, field_use::optional);
        visit("order", &hook::cgroup::order, field_use::optional);
        visit("expected_revision", &hook::cgroup::expected_revision, field_use::optional);
        visit("preorder", &hook::cgroup::preorder, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::cgroup const& where);
    static result<match> is_at(hook::cgroup const& where, detail::located_link const& l);
};

/// A link of hook::cgroup.
using cgroup_link = typed_link<hook::cgroup>;

} // namespace bpflink
