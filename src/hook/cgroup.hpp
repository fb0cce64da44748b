// SPDX-License-Identifier: Apache-2.0
#pragma once

// What attaching to a cgroup and asking about it have in common.

#include <bpflink/error.hpp>
#include <bpflink/hook/cgroup.hpp>

#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

/// A cgroup's directory, opened here if it was given by its path.
struct opened_cgroup {
    unique_fd owned;
    fd_view directory;
};

[[nodiscard]] std::string describe(hook::cgroup const& where);

/// @errors not_found, invalid_argument: no such directory; EMFILE
[[nodiscard]] result<opened_cgroup> open_cgroup(hook::cgroup const& where);

} // namespace bpflink
