/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What link_descriptors.bpf.c writes of each descriptor of a link, for C and for C++: of fixed
 * size, without padding. */
#ifndef BPFLINK_RAW_LINK_DESCRIPTOR_H
#define BPFLINK_RAW_LINK_DESCRIPTOR_H

#include <linux/types.h>

struct raw_link_descriptor {
    __u64 table;   /* tells the table of descriptors from others: threads may share one */
    __u32 link;    /* its id */
    __u32 program; /* of the link; 0 where it has none */
    __u32 process; /* by the first pid namespace */
    __u32 number;  /* of the descriptor */
    char command[16];
};

#endif
