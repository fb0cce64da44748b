// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// Where file systems of a type are mounted in this process's mount namespace, each place once.
/// @errors not_found, permission_denied  /proc is not there, or not readable
[[nodiscard]] bpflink::result<std::vector<std::string>> mounts_of(std::string_view type);

} // namespace tool
