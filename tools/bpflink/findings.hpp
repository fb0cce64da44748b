// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "record.hpp"

#include <bpflink/ids.hpp>

#include <string>
#include <vector>

namespace tool {

/// Something that doctor found.
struct finding {
    std::string kind;   ///< a word, for programs: "defunct_pin"
    std::string what;   ///< the finding
    std::string remedy; ///< the remedy
    std::vector<bpflink::link_id> links = {};
    bool is_note = false; ///< it may be meant so
};

// All findings. The links have their holders and pins.

/// Defunct links, with and without pins: their interface, cgroup or namespace is gone, or they were
/// detached.
[[nodiscard]] std::vector<finding> find_defunct(std::vector<record> const& links);

/// Programs of one name and tag that are attached twice to one place, as far as the kernel tells
/// the place.
[[nodiscard]] std::vector<finding> find_twice(std::vector<record> const& links);

/// Links that nothing but a pin keeps.
[[nodiscard]] std::vector<finding> find_kept_by_pins(std::vector<record> const& links);

/// Temporary names that a killed process left beside its pins.
/// @param paths  of pins that are marked so
[[nodiscard]] std::vector<finding> find_temporary(std::vector<std::string> const& paths);

/// Kernel lockdown, where it keeps programs from being attached.
[[nodiscard]] std::vector<finding> find_lockdown();

/// A limit of locked memory on a kernel that counts BPF as such.
[[nodiscard]] std::vector<finding> find_memlock();

} // namespace tool
