// SPDX-License-Identifier: Apache-2.0
#pragma once

// The part of ebpfapi.dll that the border uses, as the public headers of eBPF for Windows have it:
// ebpf_api.h, ebpf_structs.h, ebpf_result.h, ebpf_core_structs.h. Read at 0be2d1c3f.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

struct bpf_link;
struct bpf_map;
struct bpf_program;

namespace bpflink::ebpfapi {

/// enum ebpf_result, as far as the border tells its values apart.
enum class outcome : int {
    success = 0,
    invalid_fd = 4,
    invalid_object = 5,
    invalid_argument = 6,
    object_not_found = 7,
    object_already_exists = 8,
    file_not_found = 9,
    not_pinned = 11,
    no_memory = 12,
    operation_not_supported = 18,
    key_not_found = 19,
    access_denied = 20,
    blocked_by_policy = 21,
    extension_failed_to_load = 23,
    insufficient_buffer = 24,
    no_more_keys = 25,
    key_already_exists = 26,
    out_of_space = 29,
    timeout = 32,
    stale_id = 33,
};

/// enum ebpf_object_type
enum class object : int { unknown = 0, map = 1, link = 2, program = 3 };

/// GUID
struct guid {
    std::uint32_t first;
    std::uint16_t second;
    std::uint16_t third;
    std::uint8_t rest[8];
};

/// struct bpf_link_info
struct link_info {
    std::uint32_t id;
    std::uint32_t prog_id;
    std::uint32_t type;
    std::uint32_t attach_type;
    guid attach_type_uuid;
    guid program_type_uuid;
    union {
        std::uint64_t cgroup_id;
        std::uint32_t ifindex;
        std::uint8_t attach_data[8];
    };
};
static_assert(sizeof(link_info) == 56 && offsetof(link_info, attach_type_uuid) == 16 &&
              offsetof(link_info, program_type_uuid) == 32 && offsetof(link_info, ifindex) == 48);

/// struct bpf_prog_info
struct program_info {
    std::uint32_t id;
    std::uint32_t type;
    std::uint32_t nr_map_ids; // in: room; out: how many there are
    std::uint32_t padding;
    std::uint64_t map_ids;
    char name[64];
    guid type_uuid;
    guid attach_type_uuid;
    std::uint32_t pinned_path_count;
    std::uint32_t link_count;
};
static_assert(sizeof(program_info) == 128 && offsetof(program_info, map_ids) == 16 &&
              offsetof(program_info, name) == 24 && offsetof(program_info, link_count) == 124);

/// struct bpf_map_info
struct map_info {
    std::uint32_t id;
    std::uint32_t type;
    std::uint32_t key_size;
    std::uint32_t value_size;
    std::uint32_t max_entries;
    char name[64];
    std::uint32_t map_flags;
    std::uint32_t inner_map_id;
    std::uint32_t pinned_path_count;
};
static_assert(sizeof(map_info) == 96 && offsetof(map_info, name) == 20 &&
              offsetof(map_info, map_flags) == 84);

/// The functions, each found by its name in the DLL.
struct functions {
    // libbpf's names: a count, a descriptor, or a negated errno of Windows' C library
    int (*bpf_link_detach)(int link);
    int (*bpf_link_get_fd_by_id)(std::uint32_t id);
    int (*bpf_link_get_next_id)(std::uint32_t after, std::uint32_t* next);
    int (*bpf_obj_get)(char const* path);
    int (*bpf_obj_pin)(int fd, char const* path);
    int (*bpf_prog_get_fd_by_id)(std::uint32_t id);
    int (*bpf_link__fd)(::bpf_link const* link);
    void (*bpf_link__disconnect)(::bpf_link* link);
    int (*bpf_link__destroy)(::bpf_link* link);
    int (*bpf_map__fd)(::bpf_map const* map);
    int (*bpf_program__fd)(::bpf_program const* program);
    unsigned (*bpf_program__type)(::bpf_program const* program);
    unsigned (*bpf_program__get_expected_attach_type)(::bpf_program const* program);
    char const* (*bpf_program__name)(::bpf_program const* program);
    char const* (*bpf_program__section_name)(::bpf_program const* program);

    // Its own
    outcome (*ebpf_canonicalize_pin_path)(char* into, std::size_t size, char const* path);
    outcome (*ebpf_close_fd)(int fd);
    outcome (*ebpf_duplicate_fd)(int fd, int* copy);
    outcome (*ebpf_get_ebpf_attach_type)(unsigned attach_type, guid* of);
    outcome (*ebpf_get_next_pinned_object_path)(char const* after, char* path, std::size_t size,
                                                object* type);
    outcome (*ebpf_object_get_info_by_fd)(int fd, void* info, std::uint32_t* size, object* type);
    outcome (*ebpf_object_unpin)(char const* path);
    outcome (*ebpf_program_attach_by_fds)(int program, guid const* attach_type, void* parameters,
                                          std::size_t size, int* link);
};

/// EBPF_MAX_PIN_PATH_LENGTH, with the zero byte.
inline constexpr std::size_t longest_path = 256;

/// Why there are no functions; empty where there are.
[[nodiscard]] std::string why_absent();

/// The path that the driver knows a pin by: BPF:\DIRECTORY\NAME. 0 or a negated errno.
int canonical(char const* path, std::span<char, longest_path> into) noexcept;

/// The link pinned after a path: 1, or 0 at the end.
int next_pinned_link(char const* after, std::span<char, longest_path> path) noexcept;

} // namespace bpflink::ebpfapi
