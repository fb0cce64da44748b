// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// A program for each hook, to be pinned and attached by the command line program.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("xdp")
int run_xdp(struct xdp_md* ctx) {
    return XDP_PASS;
}

SEC("xdp")
int run_other_xdp(struct xdp_md* ctx) {
    return XDP_PASS;
}

SEC("tcx/ingress")
int run_tcx(struct __sk_buff* ctx) {
    return -1; // TCX_NEXT
}

SEC("tcx/ingress")
int run_other_tcx(struct __sk_buff* ctx) {
    return -1;
}

SEC("cgroup_skb/egress")
int run_egress(struct __sk_buff* ctx) {
    return 1;
}

SEC("cgroup_skb/egress")
int run_other_egress(struct __sk_buff* ctx) {
    return 1;
}

SEC("cgroup/connect4")
int run_connect(struct bpf_sock_addr* ctx) {
    return 1;
}

SEC("sk_lookup")
int run_netns(struct bpf_sk_lookup* ctx) {
    return SK_PASS;
}

struct bpf_nf_ctx;
SEC("netfilter")
int run_netfilter(struct bpf_nf_ctx* ctx) {
    return 1; // NF_ACCEPT
}

SEC("sk_skb/verdict")
int run_sockmap(struct __sk_buff* ctx) {
    return SK_PASS;
}

struct bpf_perf_event_data;
SEC("perf_event")
int run_perf_event(struct bpf_perf_event_data* ctx) {
    return 0;
}

SEC("raw_tracepoint")
int run_raw_tracepoint(struct bpf_raw_tracepoint_args* ctx) {
    return 0;
}

SEC("tracepoint")
int run_tracepoint(void* ctx) {
    return 0;
}

struct pt_regs;
SEC("kprobe")
int run_kprobe(struct pt_regs* ctx) {
    return 0;
}

SEC("kprobe.multi")
int run_kprobe_multi(struct pt_regs* ctx) {
    return 0;
}

SEC("uprobe.multi")
int run_uprobe_multi(struct pt_regs* ctx) {
    return 0;
}

SEC("tp_btf/sched_process_exit")
int run_tp_btf(void* ctx) {
    return 0;
}

SEC("fentry/do_unlinkat")
int run_tracing(void* ctx) {
    return 0;
}

struct xdp_md;
__attribute__((noinline)) int replaced_by_another(struct xdp_md* ctx) {
    int volatile pass = 2; // XDP_PASS, which the compiler must not know
    return ctx ? pass : 0;
}

SEC("xdp")
int run_replaced(struct xdp_md* ctx) {
    return replaced_by_another(ctx);
}

SEC("freplace/replaced_by_another")
int run_freplace(struct xdp_md* ctx) {
    return 2; // XDP_PASS
}

SEC("lsm/file_open")
int run_lsm(void* ctx) {
    return 0;
}

struct bpf_iter__task;
SEC("iter/task")
int run_iter(struct bpf_iter__task* ctx) {
    return 0;
}

struct bpf_iter__cgroup;
SEC("iter/cgroup")
int run_iter_cgroup(struct bpf_iter__cgroup* ctx) {
    return 0;
}

struct bpf_iter__bpf_map_elem;
SEC("iter/bpf_map_elem")
int run_iter_map(struct bpf_iter__bpf_map_elem* ctx) {
    return 0;
}

char attachable_license[] SEC("license") = "GPL";
