// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/fd.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace tool {

/// Finds the directory of a version 2 cgroup by its id, in three system calls each: the id is the
/// file handle, so that no tree is walked.
class cgroup_paths {
public:
    /// Empty when no cgroup2 is mounted here, the cgroup is outside of what is mounted, or
    /// CAP_DAC_READ_SEARCH is missing.
    [[nodiscard]] std::optional<std::string> find(std::uint64_t id);

private:
    std::optional<bpflink::unique_fd> mount_; // opened at the first question
};

} // namespace tool
