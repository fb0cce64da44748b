// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Tells of every program that is executed, and counts the ends of processes.
#include "exec.h"

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 1 << 16);
} events SEC(".maps");

__u64 ended = 0;

SEC("tp/sched/sched_process_exec")
int on_exec(void* context) {
    struct exec_event* event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
    if (!event) return 0;
    event->process = bpf_get_current_pid_tgid() >> 32;
    bpf_get_current_comm(event->command, sizeof event->command);
    bpf_ringbuf_submit(event, 0);
    return 0;
}

SEC("tp/sched/sched_process_exit")
int on_exit(void* context) {
    __sync_fetch_and_add(&ended, 1);
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
