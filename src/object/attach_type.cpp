// SPDX-License-Identifier: Apache-2.0
#include "object/attach_type.hpp"

#include "error/names.hpp"

#include <array>
#include <ostream>

namespace bpflink {
namespace {

/// An attach type's name, and the program type that it takes; unspec for several.
struct facts {
    std::string_view name;
    program_type takes;
};

using enum program_type;

/// @kernel kernel/bpf/syscall.c, attach_type_to_prog_type(); read at v6.12
constexpr std::array<facts, 62> all{{
    {"cgroup_inet_ingress", cgroup_skb},
    {"cgroup_inet_egress", cgroup_skb},
    {"cgroup_inet_sock_create", cgroup_sock},
    {"cgroup_sock_ops", sock_ops},
    {"sk_skb_stream_parser", sk_skb},
    {"sk_skb_stream_verdict", sk_skb},
    {"cgroup_device", cgroup_device},
    {"sk_msg_verdict", sk_msg},
    {"cgroup_inet4_bind", cgroup_sock_addr},
    {"cgroup_inet6_bind", cgroup_sock_addr},
    {"cgroup_inet4_connect", cgroup_sock_addr},
    {"cgroup_inet6_connect", cgroup_sock_addr},
    {"cgroup_inet4_post_bind", cgroup_sock},
    {"cgroup_inet6_post_bind", cgroup_sock},
    {"cgroup_udp4_sendmsg", cgroup_sock_addr},
    {"cgroup_udp6_sendmsg", cgroup_sock_addr},
    {"lirc_mode2", lirc_mode2},
    {"flow_dissector", flow_dissector},
    {"cgroup_sysctl", cgroup_sysctl},
    {"cgroup_udp4_recvmsg", cgroup_sock_addr},
    {"cgroup_udp6_recvmsg", cgroup_sock_addr},
    {"cgroup_getsockopt", cgroup_sockopt},
    {"cgroup_setsockopt", cgroup_sockopt},
    {"trace_raw_tp", tracing},
    {"trace_fentry", tracing},
    {"trace_fexit", tracing},
    {"modify_return", tracing},
    {"lsm_mac", lsm},
    {"trace_iter", tracing},
    {"cgroup_inet4_getpeername", cgroup_sock_addr},
    {"cgroup_inet6_getpeername", cgroup_sock_addr},
    {"cgroup_inet4_getsockname", cgroup_sock_addr},
    {"cgroup_inet6_getsockname", cgroup_sock_addr},
    {"xdp_devmap", xdp},
    {"cgroup_inet_sock_release", cgroup_sock},
    {"xdp_cpumap", xdp},
    {"sk_lookup", sk_lookup},
    {"xdp", xdp},
    {"sk_skb_verdict", sk_skb},
    {"sk_reuseport_select", sk_reuseport},
    {"sk_reuseport_select_or_migrate", sk_reuseport},
    {"perf_event", unspec},
    {"trace_kprobe_multi", kprobe},
    {"lsm_cgroup", lsm},
    {"struct_ops", struct_ops},
    {"netfilter", netfilter},
    {"tcx_ingress", sched_cls},
    {"tcx_egress", sched_cls},
    {"trace_uprobe_multi", kprobe},
    {"cgroup_unix_connect", cgroup_sock_addr},
    {"cgroup_unix_sendmsg", cgroup_sock_addr},
    {"cgroup_unix_recvmsg", cgroup_sock_addr},
    {"cgroup_unix_getpeername", cgroup_sock_addr},
    {"cgroup_unix_getsockname", cgroup_sock_addr},
    {"netkit_primary", sched_cls},
    {"netkit_peer", sched_cls},
    {"trace_kprobe_session", kprobe},
    {"trace_uprobe_session", kprobe},
    {"trace_fsession", tracing},
    {"trace_fentry_multi", tracing},
    {"trace_fexit_multi", tracing},
    {"trace_fsession_multi", tracing},
}};

} // namespace

program_type program_type_of(attach_type attach) noexcept {
    auto const index = static_cast<unsigned>(attach);
    return index < all.size() ? all[index].takes : unspec;
}

std::string to_string(attach_type type) {
    auto const index = static_cast<unsigned>(type);
    return index < all.size() ? std::string{all[index].name} : detail::unknown(index);
}

std::ostream& operator<<(std::ostream& out, attach_type type) {
    return out << to_string(type);
}

} // namespace bpflink
