// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tool {

// The command line, described for other forms than --help: the man page and the shells'
// completions.

/// An option, or a positional without names.
struct option_description {
    std::vector<std::string> names; ///< "-o", "--columns"
    std::string value;              ///< "COLUMN"; of a positional its name; empty for a flag
    std::string text;
    bool is_list = false; ///< its value may be several words with commas
    bool is_required = false;
    std::vector<std::string> needs;    ///< options that it means nothing without
    std::vector<std::string> excludes; ///< options that it does not go with
    /// Of a positional: the words that may be in front of it; if there are none, any.
    std::vector<std::string> follows;
};

/// "-o --columns": all of their names, with blanks between them.
[[nodiscard]] std::string names_of(std::vector<option_description> const& options);
/// Those that take a value.
[[nodiscard]] std::vector<option_description> valued(std::vector<option_description> options);

struct command_description {
    std::string name;
    std::string summary;
    std::string footer;
    std::vector<option_description> options;
    std::vector<option_description> positionals;
    std::vector<command_description> subcommands; ///< in the order of --help; one of them follows
    std::string choice; ///< "COMMAND": stands for one of them; empty where there are none
    std::string group;  ///< the heading that its summary is below
};

/// A command or the program itself. Anything hidden from --help is left out.
[[nodiscard]] command_description describe(CLI::App const& app);

} // namespace tool
