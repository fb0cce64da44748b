// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the fake kernel holds.

#include "border/uapi.hpp"

#include <bpflink/attach_type.hpp>
#include <bpflink/link_type.hpp>
#include <bpflink/program_type.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <variant>
#include <vector>

// What libbpf hands out: opaque to the library, so that the model may say what is in it.
struct bpf_program {
    std::string name;
    bpflink::program_type type{};
    bpflink::attach_type expected{};
    int fd = -1; // or a negated errno where it is not loaded
    std::string section{};
    bool autoload = true;
    bool autoattach = true;
};

struct bpf_object {
    std::string name;
    std::vector<::bpf_program const*> programs{};
};

struct bpf_map {
    int fd = -1;
};

struct bpf_link {
    int fd = -1;
    bool destroyed = false;
};

namespace fake {

namespace bl = bpflink;
namespace uapi = bpflink::uapi;

struct program : std::enable_shared_from_this<program> {
    std::uint32_t id = 0;
    bl::program_type type{};
    bl::attach_type expected{};
    bool walks_links = false;       // src/snapshot/all_links.bpf.c
    bool walks_descriptors = false; // src/snapshot/link_descriptors.bpf.c
    bool tells_netns = false;       // src/snapshot/netns_of_link.bpf.c
    bool listens = false;           // src/hook/xdp_words.bpf.c
    std::string heard{};            // by it
    std::uint64_t misses = 2;       // of runs
    // The function that it was loaded for.
    std::uint32_t types = 0; // kernel_types or program_types; 0: a program's that it is on
    std::uint32_t function = 0;
    bool was_attached = false;   // there
    std::uint32_t own_types = 0; // the BTF object that it is described by
    std::uint32_t compiled = 64; // bytes of the processor's instructions
    std::uint32_t device = 0;    // the interface that it is bound to
    std::string name;            // the kernel cuts it
    std::vector<std::uint32_t> maps{};
    std::uint64_t run_count = 0;
    std::uint64_t run_time = 0;
};

struct map : std::enable_shared_from_this<map> {
    std::uint32_t id = 0;
    std::uint32_t type = 1; // BPF_MAP_TYPE_HASH
    std::uint32_t flags = 0;
    std::uint32_t value_type = 0; // the kernel's struct, of struct_ops
    std::string name{};           // the kernel cuts it
    // Of an array, which has them all.
    std::uint32_t value_size = 0;
    std::vector<std::string> values{};
};

/// The network namespace of the process, and of what is not said of that it is in another.
inline constexpr std::uint32_t home_netns = 4'026'531'840U;

/// What one read of an iterator gives: bytes, or an errno.
using read_step = std::variant<std::string, int>;

/// The XDP programs of an interface, as sys::xdp_programs.
struct xdp_ids {
    std::uint32_t offload = 0;
    std::uint32_t driver = 0;
    std::uint32_t generic = 0;
};

/// What a test says of a link; the model gives the id when it is 0.
struct link_facts {
    bl::link_type type{};
    fake::program* prog = nullptr; // none: struct_ops
    std::uint32_t id = 0;
    bl::attach_type attach{};
    std::uint32_t target = 0;         // interface, network namespace's inode or map
    std::uint32_t netns = home_netns; // of the interface or the netfilter link
    std::uint64_t cgroup_id = 0;
    std::string name;         // tracepoint, iterator, probe, executable
    std::uint64_t cookie = 0; // raw_tracepoint, tracing
    std::uint32_t object = 0; // tracing
    std::uint32_t btf = 0;    // tracing
    std::array<std::uint32_t, 4> netfilter{};
    std::uint32_t flags = 0;  // kprobe_multi, uprobe_multi; the mode of xdp
    std::uint32_t tid = 0;    // iterators over tasks
    std::uint32_t pid = 0;    // the same, and uprobe_multi
    std::uint32_t order = 0;  // iterators over cgroups
    std::uint64_t missed = 0; // kprobe, kprobe_multi
    uapi::perf_event_type event = uapi::perf_event_type::tracepoint;
    std::uint64_t config = 0; // perf event: event; its type is `target`
    std::uint32_t offset = 0; // kprobe, uprobe
    std::uint64_t inode = 0;  // of the file that is probed; 0: of what is at `name`
    std::uint64_t address = 0;
    std::uint64_t ref_ctr_offset = 0;
    std::vector<std::uint32_t> ids;       // tracing_multi
    std::vector<std::uint64_t> addresses; // kprobe_multi, tracing_multi; offsets of uprobe_multi
    std::vector<std::uint64_t> ref_ctr_offsets;
    std::vector<std::uint64_t> cookies;
    std::array<unsigned char, 48> unknown{}; // kinds that the model does not know
};

struct link : std::enable_shared_from_this<link> {
    link_facts facts;
    std::shared_ptr<program> prog;
    bool settled = true;  // false: the id is given out, and the link not attached yet
    bool defunct = false; // detached, or the target is gone
    std::deque<read_step> output;

    [[nodiscard]] std::uint32_t id() const { return facts.id; }
};

/// A process beside the one that the library runs in; /proc tells of it.
struct other_process {
    int number = 0;
    std::string command{};
    std::vector<std::shared_ptr<link>> links{}; // open, by a descriptor each
    bool in_thread = false;                     // its first thread has ended
    int refusal = 0;                            // errno, where nobody may look at its descriptors
    bool has_ended = false;                     // since /proc was listed
    std::string mounts{};
    std::uint64_t mount_namespace = 0;
    std::uint64_t root = 2; // its inode
};

// The BTF objects that programs are loaded for functions of.
struct typed_function {
    std::uint32_t id;
    std::string name;
    bool can_be_traced = true;
};

inline constexpr std::uint32_t kernel_types = 1;
inline constexpr std::uint32_t program_types = 2;
struct btf {
    std::uint32_t id = 0;
};
struct iterator_run {
    std::deque<read_step> left;
};
struct directory {
    bool is_cgroup = false;
    std::uint64_t inode = 0;
};
struct plain_file {};
/// What can be waited for: a timer, the news of devices.
struct awaited_file {
    std::chrono::steady_clock::time_point next{}; // of a timer
    std::chrono::milliseconds period{0};          // 0: the news
};
/// An epoll descriptor.
struct waiter_file {
    struct entry {
        std::variant<std::weak_ptr<awaited_file>, std::weak_ptr<link>> what;
        unsigned which = 0;
        bool is_armed = true;
    };
    std::vector<entry> entries{};
};
/// What a name of the fake's files stands for: it stays what it is when the name gets another.
struct named_file {
    std::string text;
    std::uint64_t inode = 0;
};
/// A name that was looked up, and not opened.
struct found_name {
    enum class kind { file, directory, symlink, device } what{};
    std::shared_ptr<named_file> file;
    std::string text; // of a symbolic link
};

using object = std::variant<std::shared_ptr<link>, std::shared_ptr<program>, std::shared_ptr<map>,
                            std::shared_ptr<btf>, std::shared_ptr<iterator_run>,
                            std::shared_ptr<directory>, std::shared_ptr<plain_file>,
                            std::shared_ptr<named_file>, std::shared_ptr<found_name>,
                            std::shared_ptr<awaited_file>, std::shared_ptr<waiter_file>>;

} // namespace fake
