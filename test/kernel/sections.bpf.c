// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// A program for each kind of section that makes a link, and for some that make none. They only
// return: the kernel counts their runs.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define PROGRAM(name, section, value)                                                              \
    SEC(section)                                                                                   \
    int name(void* ctx) {                                                                          \
        return value;                                                                              \
    }

// Ten of a skeleton, on what a kernel since 5.15 has.
PROGRAM(on_entry, "kprobe/bpf_fentry_test1", 0)
PROGRAM(on_return, "kretprobe/bpf_fentry_test1", 0)
PROGRAM(on_syscall, "ksyscall/getpid", 0)
PROGRAM(on_user_entry, "uprobe//proc/self/exe:bpflink_probed_first", 0)
PROGRAM(on_user_return, "uretprobe//proc/self/exe:bpflink_probed_first", 0)
PROGRAM(on_tracepoint, "tp/raw_syscalls/sys_enter", 0)
PROGRAM(on_raw_tracepoint, "raw_tp/sys_enter", 0)
PROGRAM(on_links, "iter/bpf_map", 0)
PROGRAM(on_packet, "xdp", XDP_PASS)
PROGRAM(on_egress, "cgroup_skb/egress", 1)

// More kinds, which are loaded where they are asked for.
PROGRAM(at_offset, "?kprobe/bpf_fentry_test1+0x0", 0)
PROGRAM(after_syscall, "?kretsyscall/getpid", 0)
PROGRAM(on_many, "?kprobe.multi/bpf_fentry_test?", 0)
PROGRAM(after_many, "?kretprobe.multi/bpf_fentry_test1", 0)
PROGRAM(on_both_ends, "?kprobe.session/bpf_fentry_test1", 0)
PROGRAM(asleep, "?uprobe.s//proc/self/exe:bpflink_probed_first", 0)
PROGRAM(on_library, "?uprobe/libc.so.6:getppid", 0)
PROGRAM(on_many_users, "?uprobe.multi//proc/self/exe:bpflink_probed_*", 0)
PROGRAM(after_many_users, "?uretprobe.multi//proc/self/exe:bpflink_probed_first", 0)
PROGRAM(on_btf_tracepoint, "?tp_btf/sys_enter", 0)
PROGRAM(on_function, "?fentry/bpf_fentry_test1", 0)
PROGRAM(after_function, "?fexit/bpf_fentry_test1", 0)
PROGRAM(instead, "?fmod_ret/bpf_modify_return_test", 0)
PROGRAM(on_protection, "?lsm/file_mprotect", 0)
PROGRAM(on_ingress, "?tcx/ingress", -1)
PROGRAM(on_netkit, "?netkit/primary", -1)
PROGRAM(on_connect, "?cgroup/connect4", 1)
PROGRAM(on_operations, "?sockops", 1)
PROGRAM(on_lookup, "?sk_lookup", SK_PASS)
PROGRAM(on_flow, "?flow_dissector", 0)
PROGRAM(on_message, "?sk_msg", SK_PASS)
PROGRAM(on_received, "?sk_skb/verdict", SK_PASS)
PROGRAM(on_filter, "?netfilter", 1)
PROGRAM(on_clock, "?perf_event", 0)

// No link is made of these.
PROGRAM(called, "?syscall", 0)
PROGRAM(in_devmap, "?xdp/devmap", XDP_PASS)

char sections_license[] SEC("license") = "GPL";
