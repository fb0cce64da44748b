// SPDX-License-Identifier: Apache-2.0
#pragma once

// The parts of the kernel's bpf(2) interface that this library uses, by the layout of kernel 7.3.
// The build machine's headers may be older than the running kernel.

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace bpflink::uapi {

// An errno of the kernel's own, which bpf(2) lets out and no header of the C library has.
inline constexpr int enotsupp = 524;

enum class command : int {
    map_lookup_elem = 1,
    map_update_elem = 2,
    prog_load = 5,
    obj_pin = 6,
    obj_get = 7,
    prog_test_run = 10,
    prog_get_fd_by_id = 13,
    map_get_fd_by_id = 14,
    obj_get_info_by_fd = 15,
    prog_query = 16,
    raw_tracepoint_open = 17,
    btf_get_fd_by_id = 19,
    link_create = 28,
    link_update = 29,
    link_get_fd_by_id = 30,
    link_get_next_id = 31,
    iter_create = 33,
    link_detach = 34,
    prog_bind_map = 35,
};

// BPF_F_ALLOW_OVERRIDE and so on, and those that say where on a hook a program goes.
inline constexpr std::uint32_t f_allow_override = 1U << 0; // of cgroups, the next one, too
inline constexpr std::uint32_t f_allow_multi = 1U << 1;
inline constexpr std::uint32_t f_replace = 1U << 2;
inline constexpr std::uint32_t f_before = 1U << 3;
inline constexpr std::uint32_t f_after = 1U << 4;
inline constexpr std::uint32_t f_sleepable = 1U << 4; // of programs
inline constexpr std::uint32_t f_id = 1U << 5;
inline constexpr std::uint32_t f_preorder = 1U << 6; // of cgroups, since 6.15
inline constexpr std::uint32_t f_link = 1U << 13;

inline constexpr unsigned long bpf_fs_magic = 0xcafe4a11;

// openat2(2), since 5.6.
inline constexpr long openat2 = 437;
inline constexpr std::uint64_t resolve_no_symlinks = 0x04;
struct open_how {
    std::uint64_t flags;
    std::uint64_t mode;
    std::uint64_t resolve;
};

// Each command's part of union bpf_attr.

struct prog_load_attr {
    std::uint32_t prog_type;
    std::uint32_t insn_cnt;
    std::uint64_t insns;
    std::uint64_t license;
    std::uint32_t log_level;
    std::uint32_t log_size;
    std::uint64_t log_buf;
    std::uint32_t kern_version;
    std::uint32_t prog_flags;
    char prog_name[16];
    std::uint32_t prog_ifindex;
    std::uint32_t expected_attach_type;
    std::uint32_t prog_btf_fd;
    std::uint32_t func_info_rec_size;
    std::uint64_t func_info;
    std::uint32_t func_info_cnt;
    std::uint32_t line_info_rec_size;
    std::uint64_t line_info;
    std::uint32_t line_info_cnt;
    std::uint32_t attach_btf_id;
    std::uint32_t attach_btf_obj_fd; // since 5.11; 0: the kernel's own types
    std::uint32_t core_relo_cnt;
};

struct prog_test_run_attr {
    std::uint32_t prog_fd;
    std::uint32_t retval; // comes out
    std::uint32_t data_size_in;
    std::uint32_t data_size_out;
    std::uint64_t data_in;
    std::uint64_t data_out;
    std::uint32_t repeat;
    std::uint32_t duration;
    std::uint32_t ctx_size_in;
    std::uint32_t ctx_size_out;
    std::uint64_t ctx_in;
    std::uint64_t ctx_out;
    std::uint32_t flags;
    std::uint32_t cpu;
};

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
    struct tracing_part { // fentry and its like, freplace, LSM
        std::uint32_t target_btf_id;
        std::uint32_t padding;
        std::uint64_t cookie; // since 5.19
    };
    struct perf_event_part {
        std::uint64_t cookie;
    };
    struct netfilter_part {
        std::uint32_t pf;
        std::uint32_t hooknum;
        std::int32_t priority;
        std::uint32_t flags;
    };
    struct order_part { // tcx, netkit, cgroup
        std::uint32_t relative;
        std::uint32_t padding;
        std::uint64_t expected_revision;
    };
    struct kprobe_multi_part {
        std::uint32_t flags;
        std::uint32_t count;
        std::uint64_t symbols;
        std::uint64_t addresses;
        std::uint64_t cookies;
    };
    struct uprobe_multi_part {
        std::uint64_t path;
        std::uint64_t offsets;
        std::uint64_t ref_ctr_offsets;
        std::uint64_t cookies;
        std::uint32_t count;
        std::uint32_t flags;
        std::uint32_t pid;
        std::uint32_t path_fd; // since 7.2
    };
    struct tracing_multi_part { // since 7.2
        std::uint64_t ids;
        std::uint64_t cookies;
        std::uint32_t count;
        std::uint32_t padding;
    };
    std::uint32_t prog_fd; // or a struct_ops map's
    std::uint32_t target;  // a descriptor or an interface
    std::uint32_t attach_type;
    std::uint32_t flags;
    union {
        unsigned char bytes[48]; // first, and all: an initializer then leaves no byte undefined
        iter_part iter;
        std::uint32_t target_btf_id;
        tracing_part tracing;
        perf_event_part perf_event;
        netfilter_part netfilter;
        order_part order;
        kprobe_multi_part kprobe_multi;
        uprobe_multi_part uprobe_multi;
        tracing_multi_part tracing_multi;
    };
};

struct prog_query_attr {
    std::uint32_t target; // a descriptor or an interface
    std::uint32_t attach_type;
    std::uint32_t query_flags;
    std::uint32_t attach_flags; // the kernel's answer
    std::uint64_t prog_ids;
    std::uint32_t count; // in: room; out: how many there are
    std::uint32_t padding;
    std::uint64_t prog_attach_flags; // since 6.0
    std::uint64_t link_ids;          // since 6.6
    std::uint64_t link_attach_flags; // since 6.6
    std::uint64_t revision;          // the kernel's answer, since 6.6
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

struct map_elem_attr {
    std::uint32_t map_fd;
    std::uint32_t padding;
    std::uint64_t key;
    std::uint64_t value;
    std::uint64_t flags;
};

struct prog_bind_map_attr {
    std::uint32_t prog_fd;
    std::uint32_t map_fd;
    std::uint32_t flags;
};

// union bpf_iter_link_info, by what is walked.
struct iter_map_info {
    std::uint32_t map_fd;
};
struct iter_cgroup_info { // since 6.1
    std::uint32_t order;
    std::uint32_t cgroup_fd;
    std::uint64_t cgroup_id;
};
struct iter_task_info { // since 6.1
    std::uint32_t tid;
    std::uint32_t pid;
    std::uint32_t pid_fd;
};

// enum bpf_perf_event_type
enum class perf_event_type : std::uint32_t {
    unspec = 0, // of kernels before 6.6
    uprobe = 1,
    uretprobe = 2,
    kprobe = 3,
    kretprobe = 4,
    tracepoint = 5,
    event = 6,
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
        struct cgroup_part {
            std::uint64_t cgroup_id;
            std::uint32_t order;
        };
        struct task_part {
            std::uint32_t tid;
            std::uint32_t pid;
        };
        std::uint64_t name;
        std::uint32_t name_len;
        std::uint32_t map_id; // since 5.10
        union {               // since 6.1
            cgroup_part cgroup;
            task_part task;
        };
    };
    struct kprobe_multi_part { // since 6.6
        std::uint64_t addresses;
        std::uint32_t count; // in: room; out: how many there are
        std::uint32_t flags;
        std::uint64_t missed;  // since 6.7
        std::uint64_t cookies; // since 6.9
    };
    struct uprobe_multi_part { // since 6.8
        std::uint64_t path;
        std::uint64_t offsets;
        std::uint64_t ref_ctr_offsets;
        std::uint64_t cookies;
        std::uint32_t path_size; // in: room; out: the length with its zero byte
        std::uint32_t count;     // in: room; out: how many there are
        std::uint32_t flags;
        std::uint32_t pid;
    };
    struct tracing_multi_part { // since 7.3
        std::uint32_t attach_type;
        std::uint32_t count; // in: room; out: how many there are
        std::uint32_t btf_obj_id;
        std::uint32_t padding;
        std::uint64_t ids;
        std::uint64_t addresses;
        std::uint64_t cookies;
    };
    struct perf_event_part { // since 6.6
        struct uprobe_part {
            std::uint64_t file_name;
            std::uint32_t name_len;
            std::uint32_t offset;
            std::uint64_t cookie;         // since 6.9
            std::uint64_t ref_ctr_offset; // since 6.16
        };
        struct kprobe_part {
            std::uint64_t func_name;
            std::uint32_t name_len;
            std::uint32_t offset;
            std::uint64_t address;
            std::uint64_t missed; // since 6.7
            std::uint64_t cookie; // since 6.9
        };
        struct tracepoint_part {
            std::uint64_t name;
            std::uint32_t name_len;
            std::uint32_t padding;
            std::uint64_t cookie; // since 6.9
        };
        struct event_part {
            std::uint64_t config;
            std::uint32_t type;
            std::uint32_t padding;
            std::uint64_t cookie; // since 6.9
        };
        perf_event_type type;
        std::uint32_t padding;
        union {
            uprobe_part uprobe;
            kprobe_part kprobe;
            tracepoint_part tracepoint;
            event_part event;
        };
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
        kprobe_multi_part kprobe_multi;
        uprobe_multi_part uprobe_multi;
        tracing_multi_part tracing_multi;
        perf_event_part perf_event;
    };
};

// The head of struct bpf_prog_info, and of struct bpf_map_info.
struct object_info_head {
    std::uint32_t type;
    std::uint32_t id;
};

// The start of struct bpf_prog_info.
struct program_info_start {
    std::uint32_t type;
    std::uint32_t id;
    std::uint64_t tag;
    std::uint32_t jited_prog_len;
    std::uint32_t xlated_prog_len;
    std::uint64_t jited_prog_insns;
    std::uint64_t xlated_prog_insns;
    std::uint64_t load_time;
    std::uint32_t created_by_uid;
    std::uint32_t nr_map_ids; // in: room; out: how many there are
};

// struct bpf_prog_info, with what the library reads of it.
struct program_info {
    program_info_start start;
    std::uint64_t map_ids;
    char name[16];
    std::uint32_t ifindex;
    std::uint32_t gpl_compatible;
    unsigned char others[40];
    std::uint32_t btf_id;
    std::uint32_t func_info_rec_size; // in: the wanted size
    std::uint64_t func_info;
    std::uint32_t nr_func_info; // in: room; out: how many there are
    std::uint32_t nr_line_info;
    unsigned char more[40];
    std::uint64_t run_time_ns;       // since 5.1
    std::uint64_t run_cnt;           // since 5.1
    std::uint64_t recursion_misses;  // since 5.12
    std::uint32_t verified_insns;    // since 5.16
    std::uint32_t attach_btf_obj_id; // since 6.0; 0: that of a program that it is attached to
    std::uint32_t attach_btf_id;     // since 6.0
    std::uint32_t padding;
};

// struct bpf_map_info, up to what the library reads of it.
struct map_info_start {
    std::uint32_t type;
    std::uint32_t id;
    std::uint32_t key_size;
    std::uint32_t value_size;
    std::uint32_t max_entries;
    std::uint32_t flags;
    char name[16];
    std::uint32_t ifindex;
    std::uint32_t value_type; // the BTF id of the kernel's struct, of struct_ops
};

// struct bpf_btf_info
struct btf_info {
    std::uint64_t bytes;
    std::uint32_t size;
    std::uint32_t id;
    std::uint64_t name; // since 5.11
    std::uint32_t name_len;
    std::uint32_t kernel_btf; // 1: of the kernel or a module
};
static_assert(offsetof(program_info, btf_id) == 128 && offsetof(program_info, run_cnt) == 200 &&
              offsetof(program_info, attach_btf_id) == 224 && sizeof(btf_info) == 32);

// struct perf_event_attr, up to what probes use of it (PERF_ATTR_SIZE_VER1).
struct perf_event_attr {
    std::uint32_t type;
    std::uint32_t size;
    std::uint64_t config; // a tracepoint's id; of probes, flags
    std::uint64_t sample_period;
    std::uint64_t sample_type;
    std::uint64_t read_format;
    std::uint64_t flags;
    std::uint32_t wakeup_events;
    std::uint32_t bp_type;
    std::uint64_t name;   // kprobe_func or uprobe_path; bp_addr
    std::uint64_t offset; // probe_offset, or a kprobe's address; bp_len
};
static_assert(sizeof(perf_event_attr) == 72);

static_assert(sizeof(link_info) == 64 && std::is_trivially_copyable_v<link_info>);

// The kernel reads every byte: a compiler's padding would be a field of a newer kernel.
template <class... Attr>
inline constexpr bool has_no_padding = (std::has_unique_object_representations_v<Attr> && ...);
static_assert(
    has_no_padding<prog_load_attr, prog_test_run_attr, obj_attr, id_attr, info_attr,
                   raw_tracepoint_attr, link_update_attr, link_detach_attr, iter_create_attr,
                   map_elem_attr, prog_bind_map_attr, prog_query_attr, iter_map_info,
                   iter_cgroup_info, iter_task_info, link_create_attr::iter_part,
                   link_create_attr::tracing_part, link_create_attr::netfilter_part,
                   link_create_attr::order_part, link_create_attr::kprobe_multi_part,
                   link_create_attr::uprobe_multi_part, link_create_attr::tracing_multi_part,
                   program_info_start, program_info, map_info_start, btf_info>);
static_assert(sizeof(link_create_attr) == 64);

} // namespace bpflink::uapi
