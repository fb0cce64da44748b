// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#include "shared.h"

#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct demo_state state; // alone in .bss, which the demo maps into its memory

static __always_inline int see(struct xdp_md* ctx, __u64* packets, __u8 mark) {
    struct demo_frame* frame = (void*)(long)ctx->data;
    if ((void*)(frame + 1) > (void*)(long)ctx->data_end) return XDP_PASS;
    if (frame->ethernet.h_proto != bpf_htons(demo_protocol)) return XDP_PASS;
    __u64 number = frame->number;
    if (number >= demo_capacity) return XDP_PASS;
    state.marks[number] += mark; // one queue on one processor: nobody else is here
    __sync_fetch_and_add(packets, 1);
    return XDP_DROP;
}

SEC("xdp")
int version_1(struct xdp_md* ctx) {
    return see(ctx, &state.packets[0], demo_mark_1);
}

SEC("xdp")
int version_2(struct xdp_md* ctx) {
    return see(ctx, &state.packets[1], demo_mark_2);
}

SEC("cgroup_skb/egress")
int count_egress(struct __sk_buff* ctx) {
    __sync_fetch_and_add(&state.sent_from_cgroup, 1);
    return 1;
}

SEC("raw_tracepoint")
int count_calls(struct bpf_raw_tracepoint_args* ctx) {
    struct bpf_pidns_info me = {};
    if (!bpf_get_ns_current_pid_tgid(state.pid_namespace_device, state.pid_namespace_inode, &me,
                                     sizeof me) &&
        me.pid == state.thread)
        __sync_fetch_and_add(&state.system_calls, 1);
    return 0;
}

struct seq_file;
struct bpf_iter_meta {
    struct seq_file* seq;
} __attribute__((preserve_access_index));
struct task_struct {
    int tgid;
    char comm[16];
} __attribute__((preserve_access_index));
struct bpf_iter__task {
    struct bpf_iter_meta* meta;
    struct task_struct* task;
} __attribute__((preserve_access_index));

SEC("iter/task")
int list_threads(struct bpf_iter__task* ctx) {
    struct task_struct* task = ctx->task; // loaded once: the verifier forgets a second load's check
    if (!task) return 0;
    if (task->tgid != (int)(bpf_get_current_pid_tgid() >> 32)) return 0; // the reader's own
    BPF_SEQ_PRINTF(ctx->meta->seq, "%s\n", task->comm);
    return 0;
}

char demo_license[] SEC("license") = "GPL";
