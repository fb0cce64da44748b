// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// One program for each kind of link that the shared test programs have none for.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tcx/ingress")
int run_tcx(struct __sk_buff* ctx) {
    return -1; // TCX_NEXT
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

SEC("tracepoint")
int run_tracepoint(void* ctx) {
    return 0;
}

struct pt_regs;
SEC("uprobe")
int run_uprobe(struct pt_regs* ctx) {
    return 0;
}

SEC("uprobe.multi")
int run_uprobe_multi(struct pt_regs* ctx) {
    return 0;
}

char links_license[] SEC("license") = "GPL";
