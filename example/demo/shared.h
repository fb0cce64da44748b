// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// What the BPF programs and the demo that loads them both know.
#ifndef BPFLINK_DEMO_SHARED_H
#define BPFLINK_DEMO_SHARED_H

#include <linux/if_ether.h>
#include <linux/types.h>

enum {
    demo_protocol = 0x88b5, // an EtherType for local experiments: nobody else answers it
    demo_capacity = 3 << 20 // with the rest it stays below 4 MiB, the most a map of 5.10 holds
};

struct demo_frame {
    struct ethhdr ethernet;
    __u64 number; // 0, 1, 2, ...
    __u8 rest[42];
} __attribute__((packed));

// What a version adds to a packet's mark, so that the marks tell who saw which packet, and how
// often.
enum { demo_mark_1 = 1, demo_mark_2 = 16 };

struct demo_state {
    // Set by the demo: whose system calls are counted. Thread ids depend on the pid namespace.
    __u64 pid_namespace_device;
    __u64 pid_namespace_inode;
    __u64 thread;

    // Counted by the programs.
    __u64 packets[2]; // seen by version 1 and by version 2
    __u64 sent_from_cgroup;
    __u64 system_calls;
    __u8 marks[demo_capacity];
};

#endif
