// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// Writes a record of each link, with what each kind's fill_link_info() in the kernel tells. Read at
// v5.19, v6.1, v6.12 and v6.18, and check_net() where 6.18 changed it.
#include "raw_link_record.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <linux/types.h>

// The kernel's structs, as far as they are read: libbpf puts the running kernel's offsets in.
#define OF_KERNEL __attribute__((preserve_access_index))

enum bpf_link_type {
    BPF_LINK_TYPE_TRACING = 2,
    BPF_LINK_TYPE_CGROUP = 3,
    BPF_LINK_TYPE_ITER = 4,
    BPF_LINK_TYPE_NETNS = 5,
    BPF_LINK_TYPE_XDP = 6,
    BPF_LINK_TYPE_STRUCT_OPS = 9,
    BPF_LINK_TYPE_TCX = 11,
    BPF_LINK_TYPE_NETKIT = 13,
    BPF_LINK_TYPE_SOCKMAP = 14,
    BPF_LINK_TYPE_TRACING_MULTI = 15,
};
enum bpf_attach_type { BPF_CGROUP_INET_INGRESS };

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
struct bpf_map {
    __u32 id;
} OF_KERNEL;
struct net_device {
    int ifindex;
} OF_KERNEL;
struct kernfs_node {
    __u64 id;
} OF_KERNEL;
struct cgroup {
    struct kernfs_node* kn;
} OF_KERNEL;
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

// Each kind's struct begins with it. Since 6.17 it has the attach type, which some kinds had
// before.
struct bpf_link {
    __u32 id;
    enum bpf_link_type type;
    struct bpf_prog* prog;
    enum bpf_attach_type attach_type;
} OF_KERNEL;
struct bpf_link_info {
    struct {
        __u32 attach_type;
    } tracing_multi; // since 7.3
} OF_KERNEL;
struct bpf_tracing_link {
    enum bpf_attach_type attach_type;
} OF_KERNEL;
struct bpf_cgroup_link {
    struct cgroup* cgroup;
    enum bpf_attach_type type;
} OF_KERNEL;
struct bpf_iter_aux_info {
    struct bpf_map* map;
    struct {
        struct cgroup* start;
    } cgroup; // since 6.1
} OF_KERNEL;
struct bpf_iter_link {
    struct bpf_iter_aux_info aux;
} OF_KERNEL;
struct bpf_netns_link {
    enum bpf_attach_type type;
    struct net* net;
} OF_KERNEL;
struct bpf_xdp_link {
    struct net_device* dev;
} OF_KERNEL;
struct bpf_struct_ops_link {
    struct bpf_map* map;
} OF_KERNEL;
struct tcx_link {
    struct net_device* dev;
    __u32 location;
} OF_KERNEL;
struct netkit_link {
    struct net_device* dev;
    __u32 location;
} OF_KERNEL;
struct sockmap_link {
    struct bpf_map* map;
    enum bpf_attach_type attach_type;
} OF_KERNEL;

struct bpf_iter__bpf_link {
    struct bpf_iter_meta* meta;
    struct bpf_link* link;
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

// The attach type of a kind that has a field for it before 6.17.
#define ATTACH(link, type, field)                                                                  \
    (bpf_core_field_exists((link)->attach_type) ? (link)->attach_type : READ(link, type, field))

static __always_inline void add_target(struct raw_link_record* r, enum raw_target kind,
                                       __u64 target) {
    r->target_kind = kind;
    r->target = target;
}

static __always_inline __u64 cgroup_id(struct cgroup* group) {
    return READ(READ(group, cgroup, kn), kernfs_node, id);
}

// As bpf_netns_link_fill_info(): a namespace that nobody holds is gone, though its links may not
// have been told yet. Where the kernel has neither count, it is none that we know to be gone.
static __always_inline __u64 netns_inode(struct net* net) {
    int count = 1;
    if (bpf_core_field_exists(((struct net*)0)->ns.__ns_ref))
        count = READ(net, net, ns.__ns_ref.refs.counter);
    else if (bpf_core_field_exists(((struct net*)0)->ns.count))
        count = READ(net, net, ns.count.refs.counter);
    return count ? READ(net, net, ns.inum) : 0;
}

static __always_inline void add_kind(struct raw_link_record* r, struct bpf_link* link) {
    switch (r->type) {
    case BPF_LINK_TYPE_TRACING: r->attach = ATTACH(link, bpf_tracing_link, attach_type); break;
    case BPF_LINK_TYPE_CGROUP:
        r->attach = ATTACH(link, bpf_cgroup_link, type);
        add_target(r, raw_target_cgroup, cgroup_id(READ(link, bpf_cgroup_link, cgroup)));
        break;
    case BPF_LINK_TYPE_ITER: {
        struct bpf_map* map = READ(link, bpf_iter_link, aux.map);
        struct cgroup* start = READ(link, bpf_iter_link, aux.cgroup.start);
        if (map)
            add_target(r, raw_target_map, READ(map, bpf_map, id));
        else if (start)
            add_target(r, raw_target_cgroup, cgroup_id(start));
        break;
    }
    case BPF_LINK_TYPE_NETNS:
        r->attach = ATTACH(link, bpf_netns_link, type);
        add_target(r, raw_target_netns, netns_inode(READ(link, bpf_netns_link, net)));
        break;
    case BPF_LINK_TYPE_XDP:
        add_target(r, raw_target_ifindex, READ(READ(link, bpf_xdp_link, dev), net_device, ifindex));
        break;
    case BPF_LINK_TYPE_STRUCT_OPS:
        add_target(r, raw_target_map, READ(READ(link, bpf_struct_ops_link, map), bpf_map, id));
        break;
    case BPF_LINK_TYPE_TCX:
        r->attach = ATTACH(link, tcx_link, location);
        add_target(r, raw_target_ifindex, READ(READ(link, tcx_link, dev), net_device, ifindex));
        break;
    case BPF_LINK_TYPE_NETKIT:
        r->attach = ATTACH(link, netkit_link, location);
        add_target(r, raw_target_ifindex, READ(READ(link, netkit_link, dev), net_device, ifindex));
        break;
    case BPF_LINK_TYPE_SOCKMAP:
        r->attach = ATTACH(link, sockmap_link, attach_type);
        add_target(r, raw_target_map, READ(READ(link, sockmap_link, map), bpf_map, id));
        break;
    case BPF_LINK_TYPE_TRACING_MULTI:
        // 7.2 has such links, and tells nothing of them yet.
        r->attach = raw_attach_untold;
        if (bpf_core_field_exists(((struct bpf_link_info*)0)->tracing_multi.attach_type) &&
            bpf_core_field_exists(link->attach_type))
            r->attach = link->attach_type;
        break;
    }
}

SEC("iter/bpf_link")
int bpflink_links(struct bpf_iter__bpf_link* context) {
    struct bpf_link* const link = context->link;
    if (!link || link->id == 0) return 0; // the end; one that is not attached yet
    struct raw_link_record r = {.id = link->id, .type = link->type};
    struct bpf_prog* const prog = link->prog;
    if (prog) r.program = prog->aux->id;
    add_kind(&r, link);
    bpf_seq_write(context->meta->seq, &r, sizeof r);
    return 0;
}

char _license[] SEC("license") = "GPL";
