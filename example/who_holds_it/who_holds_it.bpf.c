// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// Runs at each system call, and does nothing.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("raw_tp/sys_enter")
int tracer(void* context) {
    return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
