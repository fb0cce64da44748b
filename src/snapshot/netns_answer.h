/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What netns_of_link.bpf.c answers beside an inode, for C and for C++. No inode of a namespace is
 * below 0xe0000000. */
#ifndef BPFLINK_NETNS_ANSWER_H
#define BPFLINK_NETNS_ANSWER_H

enum netns_answer {
    netns_gone,   /* what the link was on is gone, or the link was detached */
    netns_untold, /* the link is in none, or the kernel does not tell */
};

/* The same of a probe's process, with the numbers that the asking thread's pid namespace has. */
enum process_answer {
    process_every, /* the probe is for every process */
    /* netns_untold */
    process_ended = netns_untold + 1, /* or is not in that namespace */
    process_first,                    /* and the process's number */
};

/* The same of the file that a probe is in. */
enum file_answer {
    file_other, /* than the one that is asked about */
    /* netns_untold */
    file_same = netns_untold + 1,
};

#endif
