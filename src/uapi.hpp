// SPDX-License-Identifier: Apache-2.0
#pragma once

// The parts of the kernel's bpf(2) interface that this library uses, by the layout of kernel 7.3:
// the build machine's headers may be older than the kernel the program meets.

#include <cstdint>
#include <type_traits>

namespace bpflink::uapi {

enum class command : int {
    obj_pin = 6,
    obj_get = 7,
    prog_get_fd_by_id = 13,
    obj_get_info_by_fd = 15,
    raw_tracepoint_open = 17,
    link_create = 28,
    link_update = 29,
    link_get_fd_by_id = 30,
    link_get_next_id = 31,
    iter_create = 33,
    link_detach = 34,
    prog_bind_map = 35,
};

inline constexpr std::uint32_t f_replace = 1U << 2; // BPF_F_REPLACE

inline constexpr long bpf_fs_magic = 0xcafe4a11;

// Each command's part of union bpf_attr.

struct obj_attr {
    std::uint64_t pathname;
    std::uint32_t bpf_fd;
    std::uint32_t file_flags;
};

struct id_attr {
    std::uint32_t start_id; // or the id that is asked for
    std::uint32_t next_id;
    std::uint32_t open_flags;
};

struct info_attr {
    std::uint32_t bpf_fd;
    std::uint32_t info_len;
    std::uint64_t info;
};

struct raw_tracepoint_attr {
    std::uint64_t name;
    std::uint32_t prog_fd;
    std::uint32_t padding;
    std::uint64_t cookie; // since 6.10
};

struct link_create_attr {
    struct iter_part {
        std::uint64_t info;
        std::uint32_t info_len;
        std::uint32_t padding;
    };
    std::uint32_t prog_fd;
    std::uint32_t target; // a descriptor or an interface
    std::uint32_t attach_type;
    std::uint32_t flags;
    union {
        iter_part iter; // first, as the largest: an initializer then leaves no byte undefined
        std::uint32_t target_btf_id;
    };
};

struct link_update_attr {
    std::uint32_t link_fd;
    std::uint32_t new_fd;
    std::uint32_t flags;
    std::uint32_t old_fd;
};

struct link_detach_attr {
    std::uint32_t link_fd;
};

struct iter_create_attr {
    std::uint32_t link_fd;
    std::uint32_t flags;
};

struct prog_bind_map_attr {
    std::uint32_t prog_fd;
    std::uint32_t map_fd;
    std::uint32_t flags;
};

// union bpf_iter_link_info, the map's part.
struct iter_map_info {
    std::uint32_t map_fd;
};

// struct bpf_link_info
struct link_info {
    struct raw_tracepoint_part {
        std::uint64_t name;
        std::uint32_t name_len;
        std::uint32_t padding;
        std::uint64_t cookie; // since 6.17
    };
    struct tracing_part {
        std::uint32_t attach_type;
        std::uint32_t target_obj_id; // since 5.13
        std::uint32_t target_btf_id; // since 5.13
        std::uint32_t padding;
        std::uint64_t cookie; // since 6.17
    };
    struct cgroup_part {
        std::uint64_t cgroup_id;
        std::uint32_t attach_type;
    };
    struct iter_part {
        std::uint64_t name;
        std::uint32_t name_len;
        std::uint32_t map_id; // since 5.10
    };
    struct netns_part {
        std::uint32_t netns_ino;
        std::uint32_t attach_type;
    };
    struct device_part { // xdp (without the attach type), tcx, netkit
        std::uint32_t ifindex;
        std::uint32_t attach_type;
    };
    struct map_part { // struct_ops (without the attach type), sockmap
        std::uint32_t map_id;
        std::uint32_t attach_type;
    };
    struct netfilter_part {
        std::uint32_t pf;
        std::uint32_t hooknum;
        std::int32_t priority;
        std::uint32_t flags;
    };

    std::uint32_t type;
    std::uint32_t id;
    std::uint32_t prog_id;
    std::uint32_t padding;
    union {
        unsigned char bytes[48];
        raw_tracepoint_part raw_tracepoint;
        tracing_part tracing;
        cgroup_part cgroup;
        iter_part iter;
        netns_part netns;
        device_part device;
        map_part map;
        netfilter_part netfilter;
    };
};

// The head of struct bpf_prog_info.
struct prog_info_head {
    std::uint32_t type;
    std::uint32_t id;
};

static_assert(sizeof(link_info) == 64 && std::is_trivially_copyable_v<link_info>);

// The kernel reads every byte: a compiler's padding would be a field of a newer kernel.
template <class... Attr>
inline constexpr bool has_no_padding = (std::has_unique_object_representations_v<Attr> && ...);
static_assert(has_no_padding<obj_attr, id_attr, info_attr, raw_tracepoint_attr,
                             link_create_attr::iter_part, link_update_attr, link_detach_attr,
                             iter_create_attr, prog_bind_map_attr, iter_map_info>);
static_assert(sizeof(link_create_attr) == 16 + sizeof(link_create_attr::iter_part));

} // namespace bpflink::uapi
