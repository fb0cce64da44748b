// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manual/description.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace tool {

/// That there is no such command or option, and which one may be meant.
/// @param of  the program, or the command that has no such option
[[nodiscard]] std::string no_such_command(std::string_view word, command_description const& of);
[[nodiscard]] std::string no_such_option(std::string_view word, command_description const& of);

/// How many letters have to be changed, added, left out, or swapped with the next one.
[[nodiscard]] std::size_t distance(std::string_view from, std::string_view to);

} // namespace tool
