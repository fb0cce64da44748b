// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Counts the packets of an interface.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 packets = 0;

SEC("xdp")
int count(struct xdp_md* context) {
    __sync_fetch_and_add(&packets, 1);
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
