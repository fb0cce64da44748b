// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the stand-in for ebpfapi.dll and its tests have in common.

#include <cstdint>

namespace stand_in {

/// enum ebpf_result, by the numbers of ebpf_result.h.
enum result : int {
    success = 0,
    invalid_fd = 4,
    invalid_object = 5,
    invalid_argument = 6,
    object_not_found = 7,
    no_memory = 12,
    failed = 17,
    operation_not_supported = 18,
    access_denied = 20,
    blocked_by_policy = 21,
    extension_failed_to_load = 23,
    insufficient_buffer = 24,
    no_more_keys = 25,
};

/// enum ebpf_object_type
enum kind : int { map = 1, link = 2, program = 3 };

/// The stand-in's struct bpf_program.
struct libbpf_program {
    int fd;
    std::uint32_t type;
    std::uint32_t attach;
    char const* name;
};

/// The stand-in's struct bpf_link.
struct libbpf_link {
    int fd;
    bool disconnected;
};

} // namespace stand_in
