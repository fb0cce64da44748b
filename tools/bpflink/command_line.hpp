// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "command.hpp"

#include <string>
#include <vector>

namespace tool {

/// Reads the words behind the program's name. Returns what does as they say, and prints help or
/// the version where they ask for it. Throws usage_error.
[[nodiscard]] action read_command_line(std::vector<std::string> words);

} // namespace tool
