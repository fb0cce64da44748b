// SPDX-License-Identifier: Apache-2.0
#include "error/names.hpp"

#include <bpflink/program_type.hpp>

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

} // namespace

std::string to_string(program_type type) {
    return detail::name_or_number(program_type_names, static_cast<unsigned>(type));
}

std::ostream& operator<<(std::ostream& out, program_type type) {
    return out << to_string(type);
}

} // namespace bpflink
