/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* How a record is made of a link, with what each kind's fill_link_info() in the kernel tells. Read
 * at v5.19, v6.1, v6.12 and v6.18, and check_net() where 6.18 changed it. */
#ifndef BPFLINK_MAKE_RECORD_BPF_H
#define BPFLINK_MAKE_RECORD_BPF_H

#include "kernel_links.h"
#include "raw_link_record.h"

struct bpf_map {
    __u32 id;
} OF_KERNEL;
struct kernfs_node {
    __u64 id;
} OF_KERNEL;
struct cgroup {
    struct kernfs_node* kn;
} OF_KERNEL;
struct bpf_link_info {
    struct {
        __u64 cookie; // since 6.17
    } raw_tracepoint;
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
struct bpf_struct_ops_link {
    struct bpf_map* map;
} OF_KERNEL;
struct sockmap_link {
    struct bpf_map* map;
    enum bpf_attach_type attach_type;
} OF_KERNEL;

struct bpf_iter__bpf_link {
    struct bpf_iter_meta* meta;
    struct bpf_link* link;
} OF_KERNEL;

// The attach type of a kind that has a field for it before 6.17.
#define ATTACH(link, type, field)                                                                  \
    (bpf_core_field_exists((link)->attach_type) ? (link)->attach_type : READ(link, type, field))

static __always_inline void add_target(struct raw_link_record* r, enum raw_target kind,
                                       __u64 target) {
    r->target_kind = kind;
    r->target = target;
}

static __always_inline void add_device(struct raw_link_record* r, struct net_device* dev) {
    r->target_kind = raw_target_ifindex;
    r->device.index = READ(dev, net_device, ifindex);
    r->device.netns = netns_of_device(dev);
}

static __always_inline __u64 cgroup_id(struct cgroup* group) {
    return READ(READ(group, cgroup, kn), kernfs_node, id);
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
    case BPF_LINK_TYPE_XDP: add_device(r, READ(link, bpf_xdp_link, dev)); break;
    case BPF_LINK_TYPE_STRUCT_OPS:
        add_target(r, raw_target_map, READ(READ(link, bpf_struct_ops_link, map), bpf_map, id));
        break;
    case BPF_LINK_TYPE_NETFILTER: add_target(r, raw_target_within, netns_of_netfilter(link)); break;
    case BPF_LINK_TYPE_TCX:
        r->attach = ATTACH(link, tcx_link, location);
        add_device(r, READ(link, tcx_link, dev));
        break;
    case BPF_LINK_TYPE_NETKIT:
        r->attach = ATTACH(link, netkit_link, location);
        add_device(r, READ(link, netkit_link, dev));
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

// The link to make one of; null at the end, and where it is not attached yet.
static __always_inline struct bpf_link* settled(struct bpf_iter__bpf_link* context) {
    struct bpf_link* const link = context->link;
    return link && link->id != 0 ? link : 0;
}

static __always_inline struct raw_link_record record_of(struct bpf_link* link) {
    struct raw_link_record r = {.id = link->id, .type = link->type};
    struct bpf_prog* const prog = link->prog;
    if (prog) r.program = prog->aux->id;
    add_kind(&r, link);
    return r;
}

#endif
