/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What xdp_words.bpf.c is asked by BPF_PROG_TEST_RUN, for C and for C++. */
#ifndef BPFLINK_XDP_WORDS_H
#define BPFLINK_XDP_WORDS_H

enum xdp_words_question {
    xdp_words_listen = 1, /* to the calling thread, from now on */
    xdp_words_first = 2,  /* for the first four bytes of the text, the next number for the next */
    xdp_words_parts = 32,
};

#endif
