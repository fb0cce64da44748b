// SPDX-License-Identifier: Apache-2.0
#include "manual/completions.hpp"
#include "manual/description.hpp"
#include "manual/values.hpp"

#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace tool {
namespace {

/// Inside single quotes, and inside what _arguments takes for a description or a value.
std::string escaped(std::string_view text) {
    std::string safe;
    for (char const c : text) {
        if (c == '\'')
            safe += "'\\''";
        else if (c == '[' || c == ']' || c == ':' || c == '\\')
            safe += {'\\', c};
        else
            safe += c;
    }
    return safe;
}

/// ":ID|PATH:_bpflink_..." of _arguments.
std::string value_of(std::string const& value) {
    auto const said = words_for(value);
    std::string how;
    if (said.paths && !said.command.empty())
        how = fmt::format("{{_files; compadd -- $({})}}", said.command);
    else if (said.paths)
        how = "_files";
    else if (!said.command.empty())
        how = fmt::format("{{compadd -- $({})}}", said.command);
    else if (!said.words.empty())
        how = fmt::format("({})", said.words);
    return fmt::format(":{}:{}", escaped(value), how);
}

std::string command_case(command_description const& command) {
    auto text = fmt::format("    {})\n        _arguments", command.name);
    for (auto const& option : command.options)
        for (auto const& name : option.names)
            text += fmt::format(" \\\n            '*{}[{}]{}'", name, escaped(option.text),
                                option.value.empty() ? "" : value_of(option.value));
    for (auto const& positional : command.positionals)
        text += fmt::format(" \\\n            '{}'", value_of(positional.value));
    return text + "\n        ;;\n";
}

} // namespace

std::string zsh_completion(CLI::App const& app) {
    std::string names;
    std::string cases;
    for (auto const& command : describe_commands(app)) {
        names += fmt::format("        '{}:{}'\n", command.name, escaped(command.summary));
        cases += command_case(command);
    }
    return fmt::format("#compdef bpflink\n"
                       "# zsh completion for bpflink, made by: bpflink help --print zsh\n"
                       "_bpflink() {{\n"
                       "    local -a commands=(\n{}    )\n"
                       "    if ((CURRENT == 2)); then\n"
                       "        _describe command commands\n"
                       "        return\n"
                       "    fi\n"
                       "    local command=$words[2]\n"
                       "    shift words\n"
                       "    ((CURRENT--))\n"
                       "    case $command in\n"
                       "{}"
                       "    esac\n"
                       "}}\n"
                       "_bpflink \"$@\"\n",
                       names, cases);
}

} // namespace tool
