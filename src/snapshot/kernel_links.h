/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* The kernel's structs and how they are read, for the programs that look at links. */
#ifndef BPFLINK_KERNEL_LINKS_H
#define BPFLINK_KERNEL_LINKS_H

#include <linux/types.h>
// The others want it before them.
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

// The kernel's structs, as far as they are read: libbpf puts the running kernel's offsets in.
#define OF_KERNEL __attribute__((preserve_access_index))

enum bpf_link_type {
    BPF_LINK_TYPE_RAW_TRACEPOINT = 1,
    BPF_LINK_TYPE_TRACING = 2,
    BPF_LINK_TYPE_CGROUP = 3,
    BPF_LINK_TYPE_ITER = 4,
    BPF_LINK_TYPE_NETNS = 5,
    BPF_LINK_TYPE_XDP = 6,
    BPF_LINK_TYPE_PERF_EVENT = 7,
    BPF_LINK_TYPE_STRUCT_OPS = 9,
    BPF_LINK_TYPE_NETFILTER = 10,
    BPF_LINK_TYPE_TCX = 11,
    BPF_LINK_TYPE_UPROBE_MULTI = 12,
    BPF_LINK_TYPE_NETKIT = 13,
    BPF_LINK_TYPE_SOCKMAP = 14,
    BPF_LINK_TYPE_TRACING_MULTI = 15,
};
enum bpf_attach_type { BPF_CGROUP_INET_INGRESS };

struct refcount {
    struct {
        int counter;
    } refs;
} OF_KERNEL;
struct ns_common {
    unsigned int inum;
    struct refcount count;    // before 6.18
    struct refcount __ns_ref; // since then
} OF_KERNEL;
struct net {
    struct ns_common ns;
} OF_KERNEL;
struct net_device {
    int ifindex;
    struct {
        struct net* net;
    } nd_net;
} OF_KERNEL;
struct seq_file;
struct bpf_iter_meta {
    struct seq_file* seq;
} OF_KERNEL;
struct bpf_prog_aux {
    __u32 id;
} OF_KERNEL;
struct bpf_prog {
    struct bpf_prog_aux* aux;
} OF_KERNEL;

// Each kind's struct begins with it. Since 6.17 it has the attach type, which some kinds had
// before.
struct bpf_link {
    __u32 id;
    enum bpf_link_type type;
    struct bpf_prog* prog;
    enum bpf_attach_type attach_type;
} OF_KERNEL;
struct bpf_netns_link {
    enum bpf_attach_type type;
    struct net* net;
} OF_KERNEL;
struct bpf_xdp_link {
    struct net_device* dev;
} OF_KERNEL;
struct tcx_link {
    struct net_device* dev;
    __u32 location;
} OF_KERNEL;
struct netkit_link {
    struct net_device* dev;
    __u32 location;
} OF_KERNEL;
struct bpf_nf_link {
    struct net* net;
    __u32 dead; // it was detached, and does not hold the namespace any more
} OF_KERNEL;

extern void* bpf_rdonly_cast(void const* object, __u32 btf_id) __ksym __weak; // since 6.2

// A field of a struct that the verifier does not know the pointer to be of; 0 behind a null pointer
// and on a kernel without the field. A cast makes it a plain load, several times as fast as a call.
#define READ(pointer, type, field)                                                                 \
    ({                                                                                             \
        void* const object_ = (pointer);                                                           \
        typeof(((struct type*)0)->field) value_ = 0;                                               \
        if (bpf_core_field_exists(((struct type*)0)->field)) {                                     \
            if (bpf_ksym_exists(bpf_rdonly_cast)) {                                                \
                struct type* const known_ =                                                        \
                    bpf_rdonly_cast(object_, bpf_core_type_id_kernel(struct type));                \
                value_ = known_->field;                                                            \
            } else                                                                                 \
                bpf_probe_read_kernel(&value_, sizeof value_, &((struct type*)object_)->field);    \
        }                                                                                          \
        value_;                                                                                    \
    })

// As bpf_netns_link_fill_info(): a namespace that nobody holds is gone, though its links may not
// have been told yet. Where the kernel has neither count, it is none that we know to be gone.
static __always_inline __u32 netns_inode(struct net* net) {
    int count = 1;
    if (bpf_core_field_exists(((struct net*)0)->ns.__ns_ref))
        count = READ(net, net, ns.__ns_ref.refs.counter);
    else if (bpf_core_field_exists(((struct net*)0)->ns.count))
        count = READ(net, net, ns.count.refs.counter);
    return count ? READ(net, net, ns.inum) : 0;
}

// The namespace of a device; 0 where there is no device, or the kernel has no namespaces.
static __always_inline __u32 netns_of_device(struct net_device* dev) {
    return READ(READ(dev, net_device, nd_net.net), net, ns.inum);
}

// The namespace of a netfilter link, or 0 once it was detached. The mark is looked at last: as long
// as it was not there, neither was the namespace let go.
static __always_inline __u32 netns_of_netfilter(struct bpf_link* link) {
    __u32 const inode = READ(READ(link, bpf_nf_link, net), net, ns.inum);
    barrier();
    return READ(link, bpf_nf_link, dead) ? 0 : inode;
}

#endif
