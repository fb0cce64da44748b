// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// Writes a record of each open descriptor that is of a link. Read at v5.10, v6.1, v6.12 and v6.18:
// task_file_seq_get_next(), bpf_link_prime() and bpf_link_new_fd().
#include "kernel_links.h"
#include "raw_link_descriptor.h"

struct super_block {
    unsigned long s_magic;
} OF_KERNEL;
struct inode {
    struct super_block* i_sb;
} OF_KERNEL;
struct qstr {
    unsigned char const* name;
} OF_KERNEL;
struct dentry {
    struct qstr d_name;
} OF_KERNEL;
struct path {
    struct dentry* dentry;
} OF_KERNEL;
struct file {
    struct path f_path;
    struct inode* f_inode;
    void* private_data;
} OF_KERNEL;
struct files_struct;
struct task_struct {
    int tgid;
    struct files_struct* files;
    struct task_struct* group_leader;
    char comm[16];
} OF_KERNEL;

struct bpf_iter__task_file {
    struct bpf_iter_meta* meta;
    struct task_struct* task;
    __u32 fd;
    struct file* file;
} OF_KERNEL;

// A link's file is known by its name alone, on a file system that nobody else makes names in.
static __always_inline int is_of_link(struct file* file) {
    enum { anonymous = 0x09041934 }; // ANON_INODE_FS_MAGIC
    union {
        __u64 begin;
        char text[9];
    } name = {};
    if (file->f_inode->i_sb->s_magic != anonymous) return 0;
    bpf_probe_read_kernel(name.text, sizeof name.text, file->f_path.dentry->d_name.name);
    if (name.text[8] != 0) return 0;
    name.text[3] = '_'; // bpf_link as it was made, bpf-link once it was opened again
    union {
        char text[8];
        __u64 begin;
    } const expected = {"bpf_link"};
    return name.begin == expected.begin;
}

SEC("iter/task_file")
int bpflink_descriptors(struct bpf_iter__task_file* context) {
    struct task_struct* const task = context->task;
    struct file* const file = context->file;
    if (!task || !file || !is_of_link(file)) return 0;
    void* const link = file->private_data;
    struct raw_link_descriptor r = {.table = (__u64)task->files,
                                    .link = READ(link, bpf_link, id),
                                    .process = task->tgid,
                                    .number = context->fd};
    struct bpf_prog* const prog = READ(link, bpf_link, prog);
    if (prog) r.program = READ(READ(prog, bpf_prog, aux), bpf_prog_aux, id);
    bpf_probe_read_kernel(r.command, sizeof r.command, task->group_leader->comm);
    bpf_seq_write(context->meta->seq, &r, sizeof r);
    return 0;
}

char _license[] SEC("license") = "GPL";
