// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Tells the arguments of any USDT probe.
// clang-format off: usdt.bpf.h wants the others before it
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/usdt.bpf.h>
// clang-format on

#include "trace_usdt.h"

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 1 << 16);
} events SEC(".maps");

SEC("usdt")
int trace(struct pt_regs* ctx) {
    struct usdt_event* event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
    if (!event) return 0;
    event->probe = bpf_usdt_cookie(ctx);
    event->process = bpf_get_current_pid_tgid() >> 32;
    bpf_get_current_comm(event->command, sizeof event->command);
    event->count = bpf_usdt_arg_cnt(ctx);
    for (int i = 0; i < MOST_ARGUMENTS; ++i) {
        long value = 0;
        bpf_usdt_arg(ctx, i, &value); // 0 where there is none
        event->values[i] = value;
    }
    bpf_ringbuf_submit(event, 0);
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
