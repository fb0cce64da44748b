/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What all_links.bpf.c writes of each link, for C and for C++: of fixed size, without padding. */
#ifndef BPFLINK_RAW_LINK_RECORD_H
#define BPFLINK_RAW_LINK_RECORD_H

#include <linux/types.h>

/* What kind of number the target is. */
enum raw_target {
    raw_target_none,    /* the kind of link has none */
    raw_target_ifindex, /* `device` */
    raw_target_cgroup,
    raw_target_netns,
    raw_target_map,
    raw_target_within, /* the namespace that a link is in, where no number tells its place */
};

/* For `attach`, where bpf_link_info has it for links of the kind, but not in this kernel. */
#define raw_attach_untold 0xffff

struct raw_device {
    __u32 index; /* 0 when it is gone */
    __u32 netns; /* 0 when it is gone, or not told */
};

struct raw_link_record {
    __u32 id;
    __u32 type;
    __u32 program; /* 0 where the link has none */
    __u16 attach;  /* enum bpf_attach_type, for the kinds whose bpf_link_info has it */
    __u16 target_kind;
    union {
        __u64 target; /* 0 when it is gone */
        struct raw_device device;
    };
};

#endif
