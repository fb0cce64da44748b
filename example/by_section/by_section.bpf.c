// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Ten programs, each on what its section says. They only let everything pass.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define PROGRAM(name, section, value)                                                              \
    SEC(section)                                                                                   \
    int name(void* ctx) {                                                                          \
        return value;                                                                              \
    }

PROGRAM(packets, "xdp", XDP_PASS)
PROGRAM(ingress, "cgroup_skb/ingress", 1)
PROGRAM(egress, "cgroup_skb/egress", 1)
PROGRAM(connects, "cgroup/connect4", 1)
PROGRAM(sockets, "cgroup/sock_create", 1)
PROGRAM(enters, "raw_tp/sys_enter", 0)
PROGRAM(exits, "raw_tp/sys_exit", 0)
PROGRAM(forks, "tp/sched/sched_process_fork", 0)
PROGRAM(tasks, "iter/task", 0)
PROGRAM(maps, "iter/bpf_map", 0)

char LICENSE[] SEC("license") = "GPL";
