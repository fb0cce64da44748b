// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace CLI {
class App;
class ParseError;
} // namespace CLI

namespace tool {

/// "attach xdp": the command that the words name so far.
[[nodiscard]] std::string command_in(CLI::App const& whole);

/// The mistake in a command line that CLI11 refuses, in plain words.
[[nodiscard]] std::string mistake_in(CLI::App const& whole, CLI::ParseError const& refusal);

} // namespace tool
