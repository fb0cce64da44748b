// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Keeps what libbpf's usdt.bpf.h reads of a USDT probe.
// clang-format off: usdt.bpf.h wants the others before it
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/usdt.bpf.h>
// clang-format on

#include "usdt_arguments.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct usdt_seen);
} seen SEC(".maps");

SEC("usdt")
int keep(struct pt_regs* ctx) {
    __u32 const first = 0;
    struct usdt_seen* kept = bpf_map_lookup_elem(&seen, &first);
    if (!kept) return 0;
    ++kept->runs;
    kept->cookie = bpf_usdt_cookie(ctx);
    kept->count = bpf_usdt_arg_cnt(ctx);
    for (int i = 0; i < USDT_MOST_SEEN; ++i) {
        long value = 0;
        kept->outcomes[i] = bpf_usdt_arg(ctx, i, &value);
        kept->values[i] = value;
    }
    return 0;
}

char usdt_arguments_license[] SEC("license") = "GPL";
