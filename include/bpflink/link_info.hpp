// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/attach_type.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/link_type.hpp>
#include <bpflink/probe_details.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <variant>

namespace bpflink {

// One struct for each kind of link, with the fields of the kernel's bpf_link_info. What the running
// kernel does not report is an empty optional, never 0.

struct raw_tracepoint_details {
    std::string name;
    std::optional<bpflink::cookie> cookie; ///< since 6.17
};

struct tracing_details {
    attach_type attach{};
    std::optional<std::uint32_t> target_object; ///< a program's id for freplace, else a BTF's; 5.13
    std::optional<btf_id> target;               ///< the function's BTF type; since 5.13
    std::optional<bpflink::cookie> cookie;      ///< since 6.17
};

struct cgroup_details {
    std::uint64_t cgroup_id = 0; ///< the inode of the cgroup's directory; 0 when it is gone
    attach_type attach{};
};

/// Which cgroups an iterator walks, and how.
/// @kernel include/uapi/linux/bpf.h, enum bpf_cgroup_iter_order
enum class cgroup_iter_order : unsigned {
    unspec = 0,
    self_only = 1,
    descendants_pre = 2,
    descendants_post = 3,
    ancestors_up = 4,
    children = 5,
};

struct iter_details {
    std::string target_name;   ///< what is walked: "task", "bpf_map_elem", ...
    std::optional<map_id> map; ///< for iterators over one map's elements

    std::optional<std::uint64_t> cgroup_id; ///< for those over cgroups: where they start
    std::optional<cgroup_iter_order> order; ///< for those over cgroups

    std::optional<std::uint32_t> tid; ///< for those over one thread
    std::optional<std::uint32_t> pid; ///< for those over one process
};

struct netns_details {
    std::uint32_t netns_inode = 0; ///< as stat of /proc/PID/ns/net says; 0 when it is gone
    attach_type attach{};
};

struct xdp_details {
    bpflink::ifindex ifindex; ///< in the network namespace of the device; 0 when it is gone
};

struct struct_ops_details {
    std::optional<map_id> map; ///< empty when detached
};

struct netfilter_details {
    std::uint32_t protocol_family = 0; ///< NFPROTO_IPV4 or NFPROTO_IPV6
    std::uint32_t hook = 0;            ///< NF_INET_PRE_ROUTING, ...
    std::int32_t priority = 0;
    std::uint32_t flags = 0;
};

struct tcx_details {
    bpflink::ifindex ifindex; ///< 0 when the device is gone
    attach_type attach{};
};

struct netkit_details {
    bpflink::ifindex ifindex; ///< 0 when the device is gone
    attach_type attach{};
};

struct sockmap_details {
    std::optional<map_id> map; ///< empty when detached
    attach_type attach{};
};

/// The kernel's bytes behind type, id and program, for kinds (and kinds of perf events) that are
/// newer than this library.
struct unknown_details {
    std::array<std::byte, 48> bytes{};
};

using link_details =
    std::variant<unknown_details, raw_tracepoint_details, tracing_details, cgroup_details,
                 iter_details, netns_details, xdp_details, struct_ops_details, netfilter_details,
                 tcx_details, netkit_details, sockmap_details, perf_event_details,
                 kprobe_multi_details, uprobe_multi_details, tracing_multi_details>;

/// What the kernel says of a link.
struct link_info {
    link_type type = link_type::unspec;
    link_id id;
    program_id program; ///< 0 where the kernel has none (struct_ops)
    link_details details;
};

/// Whether a link still holds its program on the hook.
enum class link_state {
    attached,
    defunct, ///< detached, or its device, cgroup or namespace is gone: the link is only a shell
    unknown, ///< the kernel does not tell (netfilter; a kind newer than this library)
};

/// The state as far as `info` shows it.
/// @kernel the fill_link_info() of each kind writes 0 for the target that is gone
[[nodiscard]] link_state state_of(link_info const& info) noexcept;

[[nodiscard]] std::string to_string(link_state state);
std::ostream& operator<<(std::ostream& out, link_state state);

[[nodiscard]] std::string to_string(cgroup_iter_order order);
std::ostream& operator<<(std::ostream& out, cgroup_iter_order order);

} // namespace bpflink
