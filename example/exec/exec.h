// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#pragma once

// The event that exec.bpf.c sends and exec.cpp reads.
struct exec_event {
    unsigned process;
    char command[16];
};
