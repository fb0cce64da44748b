// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Counts frames of the EtherType that is for experiments, and drops them. Built in two versions,
// which share their map by its pin.
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>

#ifndef VERSION
#define VERSION 0
#endif

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 2); // a counter for each version
    __type(key, __u32);
    __type(value, __u64);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} frames SEC(".maps");

SEC("xdp")
int count(struct xdp_md* ctx) {
    struct ethhdr* frame = (void*)(long)ctx->data;
    if ((void*)(frame + 1) > (void*)(long)ctx->data_end) return XDP_PASS;
    if (frame->h_proto != bpf_htons(ETH_P_802_EX1)) return XDP_PASS;
    __u32 const version = VERSION;
    __u64* counter = bpf_map_lookup_elem(&frames, &version);
    if (counter) __sync_fetch_and_add(counter, 1);
    return XDP_DROP;
}

SEC("license") char const _license[] = "GPL";
