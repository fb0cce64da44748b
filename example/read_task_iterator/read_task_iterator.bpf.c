// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Prints a line for each task. With SKELETON VMLINUX the structs come from vmlinux.h.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct seq_file;
struct bpf_iter_meta {
    struct seq_file* seq;
} __attribute__((preserve_access_index));
struct task_struct {
    int pid;
} __attribute__((preserve_access_index));
struct bpf_iter__task {
    struct bpf_iter_meta* meta;
    struct task_struct* task;
} __attribute__((preserve_access_index));

SEC("iter/task")
int print_task(struct bpf_iter__task* context) {
    struct task_struct* task = context->task; // null at the end
    if (!task) return 0;
    BPF_SEQ_PRINTF(context->meta->seq, "task %d\n", task->pid);
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
