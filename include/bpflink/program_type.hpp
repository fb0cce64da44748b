// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>

namespace bpflink {

/// The type of a program, with the kernel's numbers and names, complete up to kernel 7.3.
/// A number that is not listed survives a round trip and prints as "unknown(number)".
/// @kernel include/uapi/linux/bpf.h, enum bpf_prog_type
enum class program_type : unsigned {
    unspec = 0,
    socket_filter = 1,
    kprobe = 2,
    sched_cls = 3,
    sched_act = 4,
    tracepoint = 5,
    xdp = 6,
    perf_event = 7,
    cgroup_skb = 8,
    cgroup_sock = 9,
    lwt_in = 10,
    lwt_out = 11,
    lwt_xmit = 12,
    sock_ops = 13,
    sk_skb = 14,
    cgroup_device = 15,
    sk_msg = 16,
    raw_tracepoint = 17,
    cgroup_sock_addr = 18,
    lwt_seg6local = 19,
    lirc_mode2 = 20,
    sk_reuseport = 21,
    flow_dissector = 22,
    cgroup_sysctl = 23,
    raw_tracepoint_writable = 24,
    cgroup_sockopt = 25,
    tracing = 26,
    struct_ops = 27,
    ext = 28,
    lsm = 29,
    sk_lookup = 30,
    syscall = 31,
    netfilter = 32,
};

/// The name as the kernel spells it, in lower case: "xdp", "sched_cls".
[[nodiscard]] std::string to_string(program_type type);
/// Prints the name, as to_string.
std::ostream& operator<<(std::ostream& out, program_type type);

} // namespace bpflink
