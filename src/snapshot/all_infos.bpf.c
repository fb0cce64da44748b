// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// Writes an info of each link whose kind needs no descriptor for one. Read at v5.19, v6.12 and
// v6.18: bpf_raw_tp_link_fill_link_info().
#include "make_record.bpf.h"
#include "raw_link_info.h"

struct tracepoint {
    char const* name;
} OF_KERNEL;
struct bpf_raw_event_map {
    struct tracepoint* tp;
} OF_KERNEL;
struct bpf_raw_tp_link {
    struct bpf_raw_event_map* btp;
    __u64 cookie;
} OF_KERNEL;

static __always_inline void add_tracepoint(struct raw_link_info* info, struct bpf_link* link) {
    struct tracepoint* const tp = READ(READ(link, bpf_raw_tp_link, btp), bpf_raw_event_map, tp);
    long const size =
        bpf_probe_read_kernel_str(info->name, sizeof info->name, READ(tp, tracepoint, name));
    if (size <= 0 || size == sizeof info->name) return; // it may be longer
    info->told = raw_info_told;
    if (!bpf_core_field_exists(((struct bpf_link_info*)0)->raw_tracepoint.cookie)) return;
    info->told = raw_info_told_with_cookie;
    info->cookie = READ(link, bpf_raw_tp_link, cookie);
}

SEC("iter/bpf_link")
int bpflink_infos(struct bpf_iter__bpf_link* context) {
    struct bpf_link* const link = settled(context);
    if (!link) return 0;
    struct raw_link_info info = {.record = record_of(link)};
    switch (info.record.type) {
    case BPF_LINK_TYPE_RAW_TRACEPOINT: add_tracepoint(&info, link); break;
    case BPF_LINK_TYPE_CGROUP:
    case BPF_LINK_TYPE_NETNS:
    case BPF_LINK_TYPE_XDP:
    case BPF_LINK_TYPE_STRUCT_OPS:
    case BPF_LINK_TYPE_TCX:
    case BPF_LINK_TYPE_NETKIT:
    case BPF_LINK_TYPE_SOCKMAP: info.told = raw_info_told; break;
    }
    bpf_seq_write(context->meta->seq, &info, sizeof info);
    return 0;
}

char _license[] SEC("license") = "GPL";
