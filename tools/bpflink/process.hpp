// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <string>

namespace tool {

/// The process, if there is one that /proc shows: else it would seem to have nothing.
/// @errors not_found          there is none, or /proc is not mounted
///         permission_denied  /proc hides it
[[nodiscard]] bpflink::result<unsigned> find_process(unsigned process);

/// The directory of its cgroup of version 2; empty where it is in none.
/// @errors not_found  the mounts of here do not show it
[[nodiscard]] bpflink::result<std::string> cgroup_directory_of(unsigned process);

} // namespace tool
