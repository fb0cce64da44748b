// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// Tells the network namespace of one link, by a descriptor of the process that runs it. Read at
// v5.10, v6.1, v6.12 and v6.18.
#include "kernel_links.h"
#include "netns_answer.h"

struct file {
    void* private_data;
} OF_KERNEL;
struct fdtable {
    struct file** fd;
} OF_KERNEL;
struct files_struct {
    struct fdtable* fdt;
} OF_KERNEL;
struct nsproxy {
    struct net* net_ns;
} OF_KERNEL;
struct task_struct {
    struct files_struct* files;
    struct nsproxy* nsproxy;
} OF_KERNEL;

struct bpf_raw_tracepoint_args {
    __u64 args[1];
};

// A kernel without network namespaces does not tell a device's.
static __always_inline __u32 netns_of(struct net_device* dev) {
    if (!bpf_core_field_exists(((struct net_device*)0)->nd_net)) return netns_untold;
    return netns_of_device(dev);
}

// A negative number is not a descriptor: then it is the namespace of the thread.
SEC("raw_tp")
int bpflink_netns(struct bpf_raw_tracepoint_args* context) {
    int const fd = (int)context->args[0];
    struct task_struct* const task = (void*)bpf_get_current_task();
    if (fd < 0) return READ(READ(READ(task, task_struct, nsproxy), nsproxy, net_ns), net, ns.inum);
    struct file** const files =
        READ(READ(READ(task, task_struct, files), files_struct, fdt), fdtable, fd);
    struct file* file = 0;
    bpf_probe_read_kernel(&file, sizeof file, &files[fd]);
    struct bpf_link* const link = READ(file, file, private_data);
    switch (READ(link, bpf_link, type)) {
    case BPF_LINK_TYPE_NETNS: return netns_inode(READ(link, bpf_netns_link, net));
    case BPF_LINK_TYPE_XDP: return netns_of(READ(link, bpf_xdp_link, dev));
    case BPF_LINK_TYPE_TCX: return netns_of(READ(link, tcx_link, dev));
    case BPF_LINK_TYPE_NETKIT: return netns_of(READ(link, netkit_link, dev));
    case BPF_LINK_TYPE_NETFILTER: return netns_of_netfilter(link);
    default: return netns_untold;
    }
}

char _license[] SEC("license") = "GPL";
