// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Counts calls in the element that the link's cookie says.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 calls[3] = {};

SEC("uprobe")
int count(void* context) {
    __u64 which = bpf_get_attach_cookie(context);
    if (which < 3) __sync_fetch_and_add(&calls[which], 1);
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
