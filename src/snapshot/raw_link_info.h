/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What all_infos.bpf.c writes of each link, for C and for C++: of fixed size, without padding. */
#ifndef BPFLINK_RAW_LINK_INFO_H
#define BPFLINK_RAW_LINK_INFO_H

#include "raw_link_record.h"

/* Whether the record and the name are all that the kernel's info has. */
enum raw_info {
    raw_info_untold, /* a descriptor has to be asked */
    raw_info_told,
    raw_info_told_with_cookie,
};

struct raw_link_info {
    struct raw_link_record record;
    __u64 cookie;
    __u32 told;
    char name[36]; /* of a tracepoint */
};

#endif
