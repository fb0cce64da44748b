// SPDX-License-Identifier: Apache-2.0
#include "names.hpp"

#include <bpflink/attach_type.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/link_traits.hpp>
#include <bpflink/operation.hpp>
#include <bpflink/program_type.hpp>
#include <bpflink/views/snapshot.hpp>

#include <array>
#include <ostream>

namespace bpflink {
namespace {

constexpr std::array<std::string_view, 33> program_type_names{
    "unspec",
    "socket_filter",
    "kprobe",
    "sched_cls",
    "sched_act",
    "tracepoint",
    "xdp",
    "perf_event",
    "cgroup_skb",
    "cgroup_sock",
    "lwt_in",
    "lwt_out",
    "lwt_xmit",
    "sock_ops",
    "sk_skb",
    "cgroup_device",
    "sk_msg",
    "raw_tracepoint",
    "cgroup_sock_addr",
    "lwt_seg6local",
    "lirc_mode2",
    "sk_reuseport",
    "flow_dissector",
    "cgroup_sysctl",
    "raw_tracepoint_writable",
    "cgroup_sockopt",
    "tracing",
    "struct_ops",
    "ext",
    "lsm",
    "sk_lookup",
    "syscall",
    "netfilter",
};

constexpr std::array<std::string_view, 62> attach_type_names{
    "cgroup_inet_ingress",
    "cgroup_inet_egress",
    "cgroup_inet_sock_create",
    "cgroup_sock_ops",
    "sk_skb_stream_parser",
    "sk_skb_stream_verdict",
    "cgroup_device",
    "sk_msg_verdict",
    "cgroup_inet4_bind",
    "cgroup_inet6_bind",
    "cgroup_inet4_connect",
    "cgroup_inet6_connect",
    "cgroup_inet4_post_bind",
    "cgroup_inet6_post_bind",
    "cgroup_udp4_sendmsg",
    "cgroup_udp6_sendmsg",
    "lirc_mode2",
    "flow_dissector",
    "cgroup_sysctl",
    "cgroup_udp4_recvmsg",
    "cgroup_udp6_recvmsg",
    "cgroup_getsockopt",
    "cgroup_setsockopt",
    "trace_raw_tp",
    "trace_fentry",
    "trace_fexit",
    "modify_return",
    "lsm_mac",
    "trace_iter",
    "cgroup_inet4_getpeername",
    "cgroup_inet6_getpeername",
    "cgroup_inet4_getsockname",
    "cgroup_inet6_getsockname",
    "xdp_devmap",
    "cgroup_inet_sock_release",
    "xdp_cpumap",
    "sk_lookup",
    "xdp",
    "sk_skb_verdict",
    "sk_reuseport_select",
    "sk_reuseport_select_or_migrate",
    "perf_event",
    "trace_kprobe_multi",
    "lsm_cgroup",
    "struct_ops",
    "netfilter",
    "tcx_ingress",
    "tcx_egress",
    "trace_uprobe_multi",
    "cgroup_unix_connect",
    "cgroup_unix_sendmsg",
    "cgroup_unix_recvmsg",
    "cgroup_unix_getpeername",
    "cgroup_unix_getsockname",
    "netkit_primary",
    "netkit_peer",
    "trace_kprobe_session",
    "trace_uprobe_session",
    "trace_fsession",
    "trace_fentry_multi",
    "trace_fexit_multi",
    "trace_fsession_multi",
};

constexpr std::array<std::string_view, 33> operation_names{
    "link_create",
    "link_update",
    "link_detach",
    "link_get_fd_by_id",
    "link_get_next_id",
    "link_get_info",
    "raw_tracepoint_open",
    "iter_create",
    "obj_pin",
    "obj_get",
    "program_get_fd_by_id",
    "program_get_info",
    "map_get_info",
    "identify",
    "rename",
    "unlink",
    "open",
    "read",
    "close",
    "duplicate",
    "prog_query",
    "perf_event_open",
    "setsockopt",
    "resolve_symbol",
    "prog_load",
    "resolve_interface",
    "resolve_cgroup",
    "resolve_netns",
    "poll",
    "stat",
    "chown",
    "chmod",
    "flock",
};

constexpr std::array<std::string_view, 3> link_state_names{"attached", "defunct", "unknown"};

constexpr std::array<std::string_view, 3> snapshot_source_names{"none", "iterator", "walk"};

constexpr std::array<std::string_view, 6> cgroup_iter_order_names{
    "unspec", "self_only", "descendants_pre", "descendants_post", "ancestors_up", "children",
};

} // namespace

std::string to_string(link_type type) {
    if (auto const* const traits = find_traits(type)) return std::string{traits->name};
    return "unknown(" + std::to_string(static_cast<unsigned>(type)) + ")";
}

std::optional<link_type> parse_link_type(std::string_view name) noexcept {
    for (auto const& traits : link_traits_table)
        if (traits.name == name) return traits.type;
    return std::nullopt;
}

std::string to_string(program_type type) {
    return detail::name_or_number(program_type_names, static_cast<unsigned>(type));
}

std::string to_string(attach_type type) {
    return detail::name_or_number(attach_type_names, static_cast<unsigned>(type));
}

std::string to_string(operation op) {
    return detail::name_or_number(operation_names, static_cast<unsigned>(op));
}

std::string to_string(link_state state) {
    return detail::name_or_number(link_state_names, static_cast<unsigned>(state));
}

std::string to_string(snapshot_source source) {
    return detail::name_or_number(snapshot_source_names, static_cast<unsigned>(source));
}

std::string to_string(cgroup_iter_order order) {
    return detail::name_or_number(cgroup_iter_order_names, static_cast<unsigned>(order));
}

std::ostream& operator<<(std::ostream& out, link_type type) {
    return out << to_string(type);
}

std::ostream& operator<<(std::ostream& out, program_type type) {
    return out << to_string(type);
}

std::ostream& operator<<(std::ostream& out, attach_type type) {
    return out << to_string(type);
}

std::ostream& operator<<(std::ostream& out, operation op) {
    return out << to_string(op);
}

std::ostream& operator<<(std::ostream& out, link_state state) {
    return out << to_string(state);
}

std::ostream& operator<<(std::ostream& out, snapshot_source source) {
    return out << to_string(source);
}

std::ostream& operator<<(std::ostream& out, cgroup_iter_order order) {
    return out << to_string(order);
}

} // namespace bpflink
