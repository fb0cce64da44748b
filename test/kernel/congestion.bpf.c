// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// A TCP congestion control: the struct_ops that every kernel with links of struct_ops has.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct sock;
struct tcp_congestion_ops {
    __u32 (*ssthresh)(struct sock* sk);
    void (*cong_avoid)(struct sock* sk, __u32 ack, __u32 acked);
    __u32 (*undo_cwnd)(struct sock* sk);
    char name[16];
} __attribute__((preserve_access_index));

SEC("struct_ops")
__u32 BPF_PROG(slow_start_threshold, struct sock* sk) {
    return 2;
}

SEC("struct_ops")
void BPF_PROG(avoid_congestion, struct sock* sk, __u32 ack, __u32 acked) {
}

SEC("struct_ops")
__u32 BPF_PROG(undo_window, struct sock* sk) {
    return 2;
}

SEC(".struct_ops.link")
struct tcp_congestion_ops congestion = {
    .ssthresh = (void*)slow_start_threshold,
    .cong_avoid = (void*)avoid_congestion,
    .undo_cwnd = (void*)undo_window,
    .name = "bpflink_test",
};

char congestion_license[] SEC("license") = "GPL";
