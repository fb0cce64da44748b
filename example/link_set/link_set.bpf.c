// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Two versions of a filter. Both let every packet pass.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int first(struct xdp_md* context) {
    return XDP_PASS;
}

SEC("xdp")
int second(struct xdp_md* context) {
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
