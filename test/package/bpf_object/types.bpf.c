// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Its types are vmlinux.h of answer.bpf.c.
struct answer_type {
    unsigned number;
};

struct answer_type known = {1};
