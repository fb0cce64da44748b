// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// "EPERM"; the number where there is no name for it.
[[nodiscard]] std::string name_of_errno(int number);

/// @param word  "EPERM", in capitals or not, or "1"
[[nodiscard]] std::optional<int> errno_named(std::string_view word);

/// All names, in the order of their numbers.
[[nodiscard]] std::vector<std::string> errno_names();

} // namespace tool
