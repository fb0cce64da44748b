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

// One struct for each kind of link, with the fields of the kernel's bpf_link_info. A field that the
// running kernel does not report is an empty optional, never 0.

/// The facts of a raw tracepoint's link: hook::raw_tracepoint, hook::tp_btf.
struct raw_tracepoint_details {
    std::string name;                      ///< the tracepoint, without its group
    std::optional<bpflink::cookie> cookie; ///< since 6.17

    /// Whether all fields are the same.
    friend bool operator==(raw_tracepoint_details const&, raw_tracepoint_details const&) = default;
};

/// The facts of a function's link: hook::tracing, hook::lsm, hook::freplace.
struct tracing_details {
    std::optional<attach_type> attach; ///< the place on the hook; empty for freplace, without any
    /// Since 5.13: the id of the BTF object that `target` is in, or of the traced program. The
    /// kernel does not say which of the two.
    std::optional<std::uint32_t> target_object;
    std::optional<btf_id> target;          ///< the function's BTF type; since 5.13
    std::optional<bpflink::cookie> cookie; ///< since 6.17

    /// Whether all fields are the same.
    friend bool operator==(tracing_details const&, tracing_details const&) = default;
};

/// A cgroup's.
struct cgroup_details {
    bpflink::cgroup_id cgroup_id; ///< 0 when the cgroup is gone
    attach_type attach{};         ///< the place on the hook

    /// Whether all fields are the same.
    friend bool operator==(cgroup_details const&, cgroup_details const&) = default;
};

/// Which cgroups an iterator walks, and how.
/// @kernel include/uapi/linux/bpf.h, enum bpf_cgroup_iter_order
enum class cgroup_iter_order : unsigned {
    unspec = 0,           ///< none: no iterator is attached with it
    self_only = 1,        ///< the one alone
    descendants_pre = 2,  ///< it and all below, each before those below it
    descendants_post = 3, ///< it and all below, each after those below it
    ancestors_up = 4,     ///< it and all above
    children = 5,         ///< those right below it
};

/// A BPF iterator's.
struct iter_details {
    std::string target_name;   ///< the type walked: "task", "bpf_map_elem", ...
    std::optional<map_id> map; ///< for iterators over one map's elements

    std::optional<bpflink::cgroup_id> cgroup_id; ///< for those over cgroups: where they start
    std::optional<cgroup_iter_order> order;      ///< for those over cgroups

    std::optional<std::uint32_t> tid; ///< for those over one thread
    std::optional<std::uint32_t> pid; ///< for those over one process

    /// Whether all fields are the same.
    friend bool operator==(iter_details const&, iter_details const&) = default;
};

/// A network namespace's.
struct netns_details {
    bpflink::netns_inode netns_inode; ///< 0 when the namespace is gone
    attach_type attach{};             ///< the place on the hook

    /// Whether all fields are the same.
    friend bool operator==(netns_details const&, netns_details const&) = default;
};

/// An XDP link's.
struct xdp_details {
    bpflink::ifindex ifindex; ///< in the network namespace of the device; 0 when it is gone

    /// Whether all fields are the same.
    friend bool operator==(xdp_details const&, xdp_details const&) = default;
};

/// A struct_ops table's.
struct struct_ops_details {
    std::optional<map_id> map; ///< empty when detached

    /// Whether all fields are the same.
    friend bool operator==(struct_ops_details const&, struct_ops_details const&) = default;
};

/// The family of the packets, by the kernel's numbers (NFPROTO_IPV4, NFPROTO_IPV6): there is no
/// "both".
enum class protocol_family : unsigned { ipv4 = 2, ipv6 = 10 };

/// Where on a packet's way, by the kernel's numbers (NF_INET_PRE_ROUTING, ...).
enum class netfilter_hook : unsigned {
    prerouting = 0,
    local_in = 1,
    forward = 2,
    local_out = 3,
    postrouting = 4,
};

/// A netfilter hook's.
struct netfilter_details {
    bpflink::protocol_family protocol_family{}; ///< the family of the packets
    netfilter_hook hook{};                      ///< where on their way
    std::int32_t priority = 0;                  ///< lowest first
    bool defragment = false;                    ///< fragments are put together first

    /// Whether all fields are the same.
    friend bool operator==(netfilter_details const&, netfilter_details const&) = default;
};

/// A tcx hook's.
struct tcx_details {
    bpflink::ifindex ifindex; ///< 0 when the device is gone
    attach_type attach{};     ///< the place on the hook

    /// Whether all fields are the same.
    friend bool operator==(tcx_details const&, tcx_details const&) = default;
};

/// A netkit hook's.
struct netkit_details {
    bpflink::ifindex ifindex; ///< 0 when the device is gone
    attach_type attach{};     ///< the place on the hook

    /// Whether all fields are the same.
    friend bool operator==(netkit_details const&, netkit_details const&) = default;
};

/// A sockmap's.
struct sockmap_details {
    std::optional<map_id> map; ///< empty when detached
    attach_type attach{};      ///< the place on the hook

    /// Whether all fields are the same.
    friend bool operator==(sockmap_details const&, sockmap_details const&) = default;
};

/// The kernel's bytes behind type, id and program, for kinds (and kinds of perf events) that are
/// newer than this library.
struct unknown_details {
    std::array<std::byte, 48> bytes{}; ///< as the kernel wrote them; 0 where it wrote nothing

    /// Whether all fields are the same.
    friend bool operator==(unknown_details const&, unknown_details const&) = default;
};

/// The facts particular to a kind of link.
using link_details =
    std::variant<unknown_details, raw_tracepoint_details, tracing_details, cgroup_details,
                 iter_details, netns_details, xdp_details, struct_ops_details, netfilter_details,
                 tcx_details, netkit_details, sockmap_details, perf_event_details,
                 kprobe_multi_details, uprobe_multi_details, tracing_multi_details>;

/// The kernel's facts about a link.
struct link_info {
    link_type type = link_type::unspec; ///< the kind
    link_id id;                         ///< the kernel's number of the link
    program_id program;                 ///< 0 where the kernel has none (struct_ops)
    link_details details;               ///< the facts particular to the kind

    /// Whether all fields are the same.
    friend bool operator==(link_info const&, link_info const&) = default;
};

/// Whether a link still holds its program on the hook.
enum class link_state {
    attached, ///< it does
    defunct,  ///< detached, or its device, cgroup or namespace is gone: the link is only a shell
    unknown,  ///< the kernel does not tell (netfilter; a kind newer than this library)
};

/// The state as far as `info` shows it.
/// @kernel the fill_link_info() of each kind writes 0 for the target that is gone
[[nodiscard]] link_state state_of(link_info const& info) noexcept;

/// The name as the enumerator spells it.
[[nodiscard]] std::string to_string(link_state state);
/// Prints the name, as to_string.
std::ostream& operator<<(std::ostream& out, link_state state);

/// The name as the kernel spells it, in lower case: "descendants_pre".
[[nodiscard]] std::string to_string(cgroup_iter_order order);
/// Prints the name, as to_string.
std::ostream& operator<<(std::ostream& out, cgroup_iter_order order);

} // namespace bpflink
