// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Three programs of a tcx hook. Each leaves the packet to the next one: -1 is TCX_NEXT, which
// headers before 6.6 lack.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int a(struct __sk_buff* context) {
    return -1;
}

SEC("tc")
int b(struct __sk_buff* context) {
    return -1;
}

SEC("tc")
int c(struct __sk_buff* context) {
    return -1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
