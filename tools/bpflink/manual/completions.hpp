// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace tool {

// Completions of commands, options and their values, in each shell's language.

[[nodiscard]] std::string bash_completion(CLI::App const& app);
[[nodiscard]] std::string zsh_completion(CLI::App const& app);
[[nodiscard]] std::string fish_completion(CLI::App const& app);

} // namespace tool
