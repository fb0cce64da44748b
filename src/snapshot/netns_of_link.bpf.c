// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// Tells what the kernel's info of a link does not have, by a descriptor of the process that runs
// it: the network namespace, and of a probe in user space the process, and whether it is in a file
// that is open, too. Read at v5.10, v6.1, v6.12 and v6.18.
#include "kernel_links.h"
#include "netns_answer.h"

struct inode;
struct file {
    struct inode* f_inode;
    void* private_data;
} OF_KERNEL;
struct dentry {
    struct inode* d_inode;
} OF_KERNEL;
struct path {
    struct dentry* dentry;
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
struct trace_event_call;
struct perf_event {
    struct {
        struct task_struct* target;
    } hw;
    struct trace_event_call* tp_event;
} OF_KERNEL;
struct list_head {
    struct list_head* next;
} OF_KERNEL;
struct trace_probe_event {
    struct {
        int flags;
    } call;
    struct list_head probes;
} OF_KERNEL;
struct trace_probe {
    struct list_head list;
} OF_KERNEL;
struct trace_uprobe {
    struct path path;
    struct trace_probe tp;
} OF_KERNEL;
struct bpf_perf_link {
    struct file* perf_file;
} OF_KERNEL;
struct bpf_uprobe_multi_link {
    struct bpf_link link;
    struct path path;
    struct task_struct* task;
} OF_KERNEL;

struct bpf_raw_tracepoint_args {
    __u64 args[2];
};

#define OFFSET(type, field)                                                                        \
    __builtin_preserve_field_info(((struct type*)0)->field, BPF_FIELD_BYTE_OFFSET)
// The object that a field is in.
#define WHOLE(pointer, type, field) ((void*)(pointer) - OFFSET(type, field))

// A kernel without network namespaces does not tell a device's.
static __always_inline __u32 netns_of(struct net_device* dev) {
    if (!bpf_core_field_exists(((struct net_device*)0)->nd_net)) return netns_untold;
    return netns_of_device(dev);
}

// What a process is called in a pid namespace, by how deep that is.
static __always_inline void* name_at(struct pid* pid, __u32 level) {
    return (void*)pid + OFFSET(pid, numbers) + level * bpf_core_type_size(struct upid);
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

static __always_inline struct perf_event* event_of(struct bpf_link* link) {
    return READ(READ(link, bpf_perf_link, perf_file), file, private_data);
}

static __always_inline __u32 process_of_event(struct bpf_link* link) {
    if (!bpf_core_field_exists(((struct perf_event*)0)->hw.target)) return netns_untold;
    return process_of(READ(event_of(link), perf_event, hw.target));
}

static __always_inline __u32 process_of_places(struct bpf_link* link) {
    if (!bpf_core_field_exists(((struct bpf_uprobe_multi_link*)0)->task)) return netns_untold;
    return process_of(READ(WHOLE(link, bpf_uprobe_multi_link, link), bpf_uprobe_multi_link, task));
}

// As trace_uprobe_primary_from_call() finds it: an event of perf's has one probe.
static __always_inline struct dentry* name_of_event(struct bpf_link* link) {
    if (!bpf_core_field_exists(((struct trace_uprobe*)0)->path) ||
        !bpf_core_field_exists(((struct trace_probe_event*)0)->call) ||
        !bpf_core_field_exists(((struct trace_probe*)0)->list))
        return 0;
    void* const call = READ(event_of(link), perf_event, tp_event);
    if (!call) return 0;
    void* const first = READ(WHOLE(call, trace_probe_event, call), trace_probe_event, probes.next);
    void* const probe = WHOLE(first, trace_probe, list);
    return READ(WHOLE(probe, trace_uprobe, tp), trace_uprobe, path.dentry);
}

static __always_inline struct dentry* name_of_places(struct bpf_link* link) {
    if (!bpf_core_field_exists(((struct bpf_uprobe_multi_link*)0)->path)) return 0;
    return READ(WHOLE(link, bpf_uprobe_multi_link, link), bpf_uprobe_multi_link, path.dentry);
}

// Whether the file that the link probes is this one.
static __always_inline __u32 compare(struct bpf_link* link, struct file* file) {
    __u32 const type = READ(link, bpf_link, type);
    struct dentry* name = 0;
    if (type == BPF_LINK_TYPE_PERF_EVENT) name = name_of_event(link);
    if (type == BPF_LINK_TYPE_UPROBE_MULTI) name = name_of_places(link);
    struct inode* const probed = READ(name, dentry, d_inode);
    struct inode* const open = READ(file, file, f_inode);
    if (!probed || !open) return netns_untold;
    return probed == open ? file_same : file_other;
}

static __always_inline struct file* file_at(struct task_struct* task, int fd) {
    struct file** const files =
        READ(READ(READ(task, task_struct, files), files_struct, fdt), fdtable, fd);
    struct file* file = 0;
    bpf_probe_read_kernel(&file, sizeof file, &files[fd]);
    return file;
}

// A negative number is not a descriptor: then it is the namespace of the thread. The second is of
// the file that is asked about, or of none.
SEC("raw_tp")
int bpflink_netns(struct bpf_raw_tracepoint_args* context) {
    int const fd = (int)context->args[0];
    struct task_struct* const task = (void*)bpf_get_current_task();
    if (fd < 0) return READ(READ(READ(task, task_struct, nsproxy), nsproxy, net_ns), net, ns.inum);
    struct bpf_link* const link = READ(file_at(task, fd), file, private_data);
    int const other = (int)context->args[1];
    if (other >= 0) return compare(link, file_at(task, other));
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
