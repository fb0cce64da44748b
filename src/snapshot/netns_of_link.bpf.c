// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// Tells what the kernel's info of a link does not have, by a descriptor of the process that runs
// it: the network namespace, and of a probe in user space the process. Read at v5.10, v6.1, v6.12
// and v6.18.
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
struct upid {
    int nr;
    void* ns;
} OF_KERNEL;
struct pid {
    unsigned int level;
    struct upid numbers[1];
} OF_KERNEL;
struct task_struct {
    struct files_struct* files;
    struct nsproxy* nsproxy;
    struct task_struct* group_leader;
    struct pid* thread_pid;
} OF_KERNEL;
struct perf_event {
    struct {
        struct task_struct* target;
    } hw;
} OF_KERNEL;
struct bpf_perf_link {
    struct file* perf_file;
} OF_KERNEL;
struct bpf_uprobe_multi_link {
    struct bpf_link link;
    struct task_struct* task;
} OF_KERNEL;

struct bpf_raw_tracepoint_args {
    __u64 args[1];
};

// A kernel without network namespaces does not tell a device's.
static __always_inline __u32 netns_of(struct net_device* dev) {
    if (!bpf_core_field_exists(((struct net_device*)0)->nd_net)) return netns_untold;
    return netns_of_device(dev);
}

// What a process is called in a pid namespace, by how deep that is.
static __always_inline void* name_at(struct pid* pid, __u32 level) {
    return (void*)pid +
           __builtin_preserve_field_info(((struct pid*)0)->numbers, BPF_FIELD_BYTE_OFFSET) +
           level * bpf_core_type_size(struct upid);
}

static __always_inline __u32 process_of(struct task_struct* task) {
    if (!task) return process_every;
    struct pid* const mine = READ((void*)bpf_get_current_task(), task_struct, thread_pid);
    struct pid* const its = READ(READ(task, task_struct, group_leader), task_struct, thread_pid);
    __u32 const level = READ(mine, pid, level);
    if (!its || READ(its, pid, level) < level) return process_ended;
    void* const name = name_at(its, level);
    if (READ(name, upid, ns) != READ(name_at(mine, level), upid, ns)) return process_ended;
    return process_first + READ(name, upid, nr);
}

static __always_inline __u32 process_of_event(struct bpf_link* link) {
    if (!bpf_core_field_exists(((struct perf_event*)0)->hw.target)) return netns_untold;
    struct file* const file = READ(link, bpf_perf_link, perf_file);
    return process_of(READ(READ(file, file, private_data), perf_event, hw.target));
}

static __always_inline __u32 process_of_places(struct bpf_link* link) {
    if (!bpf_core_field_exists(((struct bpf_uprobe_multi_link*)0)->task)) return netns_untold;
    void* const whole =
        (void*)link - __builtin_preserve_field_info(((struct bpf_uprobe_multi_link*)0)->link,
                                                    BPF_FIELD_BYTE_OFFSET);
    return process_of(READ(whole, bpf_uprobe_multi_link, task));
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
    case BPF_LINK_TYPE_PERF_EVENT: return process_of_event(link);
    case BPF_LINK_TYPE_UPROBE_MULTI: return process_of_places(link);
    default: return netns_untold;
    }
}

char _license[] SEC("license") = "GPL";
