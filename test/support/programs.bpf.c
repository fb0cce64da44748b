// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Small programs for the tests, the benchmarks and nothing else. Each counts its runs in `runs`, at
// the index that programs.hpp knows by the program's name.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

enum {
    xdp_a,
    xdp_b,
    egress_a,
    egress_b,
    connect4_a,
    sys_enter_a,
    iter_tasks,
    iter_maps,
    connect4_b,
    iter_tasks_b,
    xdp_devmap,
    sys_enter_cookie,
    iter_records,
    iter_stuck,
    classify_a,
    classify_b,
    classify_c,
    probe_cookie,
    counters
};

enum { tcx_next = -1 }; // linux/bpf.h has it since 6.6

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, counters);
} runs SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 4);
} elements SEC(".maps");

// The process whose system calls sys_enter_a counts: the number that its own pid namespace has for
// it, and which namespace that is.
struct {
    __u64 device;
    __u64 inode;
    __u32 id;
} traced_process = {};

static __always_inline int is_traced(void) {
    struct bpf_pidns_info current;
    return bpf_get_ns_current_pid_tgid(traced_process.device, traced_process.inode, &current,
                                       sizeof current) == 0 &&
           current.tgid == traced_process.id;
}

static __always_inline void count(__u32 which) {
    __u64* value = bpf_map_lookup_elem(&runs, &which);
    if (value) __sync_fetch_and_add(value, 1);
}

SEC("xdp")
int run_xdp_a(struct xdp_md* ctx) {
    count(xdp_a);
    return XDP_PASS;
}

SEC("xdp")
int run_xdp_b(struct xdp_md* ctx) {
    count(xdp_b);
    return XDP_PASS;
}

SEC("cgroup_skb/egress")
int run_egress_a(struct __sk_buff* ctx) {
    count(egress_a);
    return 1;
}

SEC("cgroup_skb/egress")
int run_egress_b(struct __sk_buff* ctx) {
    count(egress_b);
    return 1;
}

SEC("cgroup/connect4")
int run_connect4_a(struct bpf_sock_addr* ctx) {
    count(connect4_a);
    return 1;
}

SEC("raw_tracepoint")
int run_sys_enter_a(struct bpf_raw_tracepoint_args* ctx) {
    if (is_traced()) count(sys_enter_a);
    return 0;
}

struct seq_file;
struct bpf_iter_meta {
    struct seq_file* seq;
    __u64 session_id;
    __u64 seq_num;
} __attribute__((preserve_access_index));
struct task_struct {
    int pid;
} __attribute__((preserve_access_index));
struct bpf_iter__task {
    struct bpf_iter_meta* meta;
    struct task_struct* task;
} __attribute__((preserve_access_index));
struct bpf_map;
struct bpf_iter__bpf_map_elem {
    struct bpf_iter_meta* meta;
    struct bpf_map* map;
    void* key;
    void* value;
} __attribute__((preserve_access_index));

SEC("iter/task")
int run_iter_tasks(struct bpf_iter__task* ctx) {
    struct task_struct* task = ctx->task; // loaded once: the verifier forgets a second load's check
    if (!task) return 0;
    count(iter_tasks);
    BPF_SEQ_PRINTF(ctx->meta->seq, "task %d\n", task->pid);
    return 0;
}

SEC("iter/bpf_map_elem")
int run_iter_maps(struct bpf_iter__bpf_map_elem* ctx) {
    int* key = ctx->key;
    if (!key) return 0;
    count(iter_maps);
    BPF_SEQ_PRINTF(ctx->meta->seq, "element %d\n", *key);
    return 0;
}

SEC("cgroup/connect4")
int run_connect4_b(struct bpf_sock_addr* ctx) {
    count(connect4_b);
    return 1;
}

SEC("iter/task")
int run_iter_tasks_b(struct bpf_iter__task* ctx) {
    struct task_struct* task = ctx->task;
    if (!task) return 0;
    count(iter_tasks_b);
    BPF_SEQ_PRINTF(ctx->meta->seq, "other %d\n", task->pid);
    return 0;
}

SEC("xdp/devmap")
int run_xdp_devmap(struct xdp_md* ctx) {
    count(xdp_devmap);
    return XDP_PASS;
}

// Leaves the cookie that it was attached with in elements[0]. Loads since 6.10.
SEC("raw_tracepoint")
int run_sys_enter_cookie(struct bpf_raw_tracepoint_args* ctx) {
    if (!is_traced()) return 0;
    count(sys_enter_cookie);
    __u32 const where = 0;
    __u64 const cookie = bpf_get_attach_cookie(ctx);
    bpf_map_update_elem(&elements, &where, &cookie, BPF_ANY);
    return 0;
}

// As bytes: the task's number, twice.
SEC("iter/task")
int run_iter_records(struct bpf_iter__task* ctx) {
    struct task_struct* task = ctx->task;
    if (!task) return 0;
    count(iter_records);
    int const record[2] = {task->pid, task->pid};
    bpf_seq_write(ctx->meta->seq, record, sizeof record);
    return 0;
}

// Asks for the same task for ever.
SEC("iter/task")
int run_iter_stuck(struct bpf_iter__task* ctx) {
    if (!ctx->task) return 0;
    count(iter_stuck);
    return 1;
}

SEC("tc")
int run_classify_a(struct __sk_buff* ctx) {
    count(classify_a);
    return tcx_next;
}

SEC("tc")
int run_classify_b(struct __sk_buff* ctx) {
    count(classify_b);
    return tcx_next;
}

SEC("tc")
int run_classify_c(struct __sk_buff* ctx) {
    count(classify_c);
    return tcx_next;
}

// Counts in elements[cookie]. Loads since 5.15.
SEC("uprobe")
int run_probe_cookie(struct pt_regs* ctx) {
    count(probe_cookie);
    __u32 const where = bpf_get_attach_cookie(ctx);
    __u64* value = bpf_map_lookup_elem(&elements, &where);
    if (value) __sync_fetch_and_add(value, 1);
    return 0;
}

char programs_license[] SEC("license") = "GPL";
