// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Lets every packet pass.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int filter(struct xdp_md* context) {
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
