// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#pragma once

// What trace_usdt.bpf.c tells of each time that a program comes by a probe.

#define MOST_ARGUMENTS 12

struct usdt_event {
    unsigned long long probe; // the link's cookie
    unsigned process;
    char command[16];
    unsigned long long count;
    long long values[MOST_ARGUMENTS];
};
