// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Two programs that let every packet pass.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int filter(struct xdp_md* context) {
    return XDP_PASS;
}

SEC("cgroup_skb/egress")
int egress(struct __sk_buff* context) {
    return 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
