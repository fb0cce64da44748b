// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fwd.hpp>
#include <bpflink/ids.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace bpflink {

/// The programs on a hook at one moment.
struct hook_query {
    /// One program.
    struct entry {
        program_id program; ///< the program that runs
        /// tcx, netkit: empty for a program without a link. Others: empty, as the kernel does not
        /// tell.
        std::optional<link_id> link;
        /// The mode that it runs in, where the hook has modes: xdp.
        std::optional<xdp_mode> mode{};
    };
    std::vector<entry> entries; ///< as they run
    std::uint32_t flags = 0;    ///< of the attachment: BPF_F_ALLOW_MULTI of a cgroup, ...
    std::optional<bpflink::revision> revision; ///< tcx, netkit, and cgroup since 6.17
};

/// Lists the programs on a hook. Fields that only affect attaching (order, expected_revision,
/// preorder) are ignored. For a cgroup, lists those on it itself, and for lsm_cgroup the programs
/// of all LSM hooks.
/// @errors not_found          no such interface or directory, or the cgroup was removed
///         hook_busy          a sockmap has the other kind of verdict (EBUSY)
///         not_supported      this kernel does not have the hook, the attach type or the query; a
///                            netkit device is a single one (EOPNOTSUPP)
///         invalid_argument   the place is not of the kind, or not open; `attach` is another
///                            hook's, or empty
///         permission_denied  CAP_NET_ADMIN is missing
///         ENOSPC             the hook grew each time it was asked about
/// @kernel cgroup since 4.15, netns 5.8, sockmap 5.18, tcx 6.6, netkit 6.7; kernel/bpf/syscall.c,
///         bpf_prog_query(); read at v6.12
/// @cost 1 system call up to 64 programs, 3 for a cgroup's path
[[nodiscard]] result<hook_query> query(hook::tcx const& where);
/// The same for a netkit device.
[[nodiscard]] result<hook_query> query(hook::netkit const& where);
/// The same for a cgroup.
[[nodiscard]] result<hook_query> query(hook::cgroup const& where);
/// The same for a network namespace.
[[nodiscard]] result<hook_query> query(hook::netns const& where);
/// The same for a sockmap.
[[nodiscard]] result<hook_query> query(hook::sockmap const& where);

/// Lists the XDP programs of an interface, with a link or without: one, or one on the device beside
/// one of another mode. Each has its mode; `where.mode` is ignored. It needs no privilege.
/// @errors not_found          no such interface in the caller's network namespace
///         not_supported      the process may not use netlink (EAFNOSUPPORT)
///         permission_denied  a security module or a filter of system calls refuses netlink
/// @kernel since 5.7; net/core/rtnetlink.c, rtnl_xdp_fill(); read at v6.12
/// @cost 10 system calls by libbpf's bpf_xdp_query(), which reads of every interface of the
///       namespace; 3 more where there is no program
[[nodiscard]] result<hook_query> query(hook::xdp const& where);

/// A hook that the kernel lists the programs of.
template <class H>
concept queryable = requires(H const& where) {
    { query(where) } -> std::same_as<result<hook_query>>;
};

/// Queries `where` and calls `decide` with the answer; both again while that fails with
/// errc::stale_revision, 64 times at most. For an attach whose place depends on what is there.
/// @param where   as in query
/// @param decide  takes a hook_query const&, returns a result; an attach in it hands the revision
///                on as `expected_revision`
/// @errors as query, then as decide
template <queryable H, std::invocable<hook_query const&> Decide>
[[nodiscard]] auto with_revision(H const& where, Decide decide)
    -> std::remove_cvref_t<std::invoke_result_t<Decide&, hook_query const&>> {
    for (int attempt = 1;; ++attempt) {
        auto now = query(where);
        if (!now) return tl::unexpected{std::move(now).error()};
        auto done = std::invoke(decide, std::as_const(*now));
        if (done || !(done.error() == errc::stale_revision) || attempt == 64) return done;
    }
}

} // namespace bpflink
