// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// Writes a record of each link.
#include "make_record.bpf.h"

SEC("iter/bpf_link")
int bpflink_links(struct bpf_iter__bpf_link* context) {
    struct bpf_link* const link = settled(context);
    if (!link) return 0;
    struct raw_link_record const r = record_of(link);
    bpf_seq_write(context->meta->seq, &r, sizeof r);
    return 0;
}

char _license[] SEC("license") = "GPL";
