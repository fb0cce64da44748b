// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// A program with a function that another one can replace, and some that do.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

int __attribute__((noinline)) replaceable(struct xdp_md* ctx) {
    int volatile verdict = XDP_PASS;
    return ctx ? verdict : XDP_ABORTED;
}

int __attribute__((noinline)) other(struct xdp_md* ctx) {
    int volatile verdict = XDP_PASS;
    return ctx ? verdict : XDP_ABORTED;
}

SEC("xdp")
int calls_replaceable(struct xdp_md* ctx) {
    return replaceable(ctx) == other(ctx) ? XDP_PASS : XDP_DROP;
}

SEC("freplace")
int replacement(struct xdp_md* ctx) {
    return XDP_TX;
}

SEC("freplace")
int like_replacement(struct xdp_md* ctx) {
    return XDP_PASS;
}

SEC("fentry")
int watcher(void* ctx) {
    return 0;
}

char replaceable_license[] SEC("license") = "GPL";
