// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Runs at each sample. Yours would count stacks here, by bpf_get_stackid().
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("perf_event")
int sample(void* context) {
    return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
