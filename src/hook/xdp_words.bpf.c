// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// Keeps what the kernel says to a failed XDP attach of the thread that has asked it to. Read at
// v6.6, v6.12 and v6.18.
#include "xdp_words.h"

#include <linux/types.h>
// The others want it before them.
#include <bpf/bpf_helpers.h>

struct bpf_raw_tracepoint_args {
    __u64 args[1];
};

static __u64 listener;
static union {
    char text[xdp_words_parts * sizeof(__u32)];
    __u32 parts[xdp_words_parts];
} words;

// By the tracepoint, the argument is the kernel's pointer to a text, or 0. By BPF_PROG_TEST_RUN it
// is one of the small numbers of xdp_words.h, which no pointer is.
SEC("raw_tp")
int bpflink_words(struct bpf_raw_tracepoint_args* context) {
    __u64 const argument = context->args[0];
    if (argument == xdp_words_listen) {
        listener = bpf_get_current_pid_tgid();
        return 0;
    }
    if (argument - xdp_words_first < xdp_words_parts)
        return words.parts[(argument - xdp_words_first) % xdp_words_parts];
    if (argument != 0 && bpf_get_current_pid_tgid() == listener)
        bpf_probe_read_kernel_str(words.text, sizeof words.text, (void const*)argument);
    return 0;
}

char _license[] SEC("license") = "GPL";
