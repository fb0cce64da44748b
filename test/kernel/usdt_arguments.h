// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#pragma once

// What usdt_arguments.bpf.c keeps of the last run, for C and for C++.

#define USDT_MOST_SEEN 12

struct usdt_seen {
    unsigned long long runs;
    long long cookie;
    long long count;
    long long outcomes[USDT_MOST_SEEN]; // errno, negated
    long long values[USDT_MOST_SEEN];
};
