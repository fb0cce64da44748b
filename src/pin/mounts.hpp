// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// A place where a file system is mounted.
struct mount {
    std::string place;
    std::uint64_t device = 0; // of the file system, as stat(2) has it
    std::string options;      // the file system's own
};

/// The mounts of a type in a table that is read from /proc/PID/mountinfo, in its order. Another
/// file system may be mounted over a place: compare the device after going there.
[[nodiscard]] std::vector<mount> mounts_of(std::string_view table, std::string_view type);

} // namespace bpflink
