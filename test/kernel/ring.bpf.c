// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Puts a number into a ring buffer each time that the iterator is read.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

__u64 sent = 0;

struct bpf_iter_meta {
    void* seq;
    __u64 session_id;
    __u64 seq_num;
} __attribute__((preserve_access_index));
struct task_struct;
struct bpf_iter__task {
    struct bpf_iter_meta* meta;
    struct task_struct* task;
} __attribute__((preserve_access_index));

SEC("iter/task")
int send_number(struct bpf_iter__task* ctx) {
    if (ctx->meta->seq_num != 0) return 0;
    __u64 number = sent++; // one reader at a time
    bpf_ringbuf_output(&ring, &number, sizeof number, 0);
    return 0;
}

char _license[] SEC("license") = "GPL";
