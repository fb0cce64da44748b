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

int __attribute__((noinline)) moves(struct xdp_md* ctx) {
    return bpf_xdp_adjust_head(ctx, 0) ? XDP_ABORTED : XDP_PASS;
}

SEC("xdp")
int calls_moves(struct xdp_md* ctx) {
    return moves(ctx);
}

SEC("freplace")
int moving(struct xdp_md* ctx) {
    return bpf_xdp_adjust_head(ctx, 0) ? XDP_ABORTED : XDP_DROP;
}

// Known by its name: this is not all of it.
struct pt_regs {
    unsigned long first;
};

int __attribute__((noinline)) entered(struct pt_regs* ctx) {
    int volatile nothing = 0;
    return ctx ? nothing : 1;
}

SEC("kprobe")
int enters(struct pt_regs* ctx) {
    return entered(ctx);
}

SEC("freplace")
int changing(struct pt_regs* ctx) {
    ctx->first = 0;
    return 0;
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
