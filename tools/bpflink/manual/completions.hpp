// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manual/description.hpp"

#include <string>

namespace tool {

// Completions of commands, options and their values, in each shell's language.

[[nodiscard]] std::string bash_completion(command_description const& whole);
[[nodiscard]] std::string zsh_completion(command_description const& whole);
[[nodiscard]] std::string fish_completion(command_description const& whole);

} // namespace tool
