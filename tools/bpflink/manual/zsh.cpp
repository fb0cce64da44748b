// SPDX-License-Identifier: Apache-2.0
#include "manual/completions.hpp"
#include "manual/values.hpp"

#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

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
std::string value_of(option_description const& of) {
    auto const said = words_for(of.value);
    std::string how;
    if (!said.command.empty())
        how = fmt::format("{}_bpflink_lines \"{}\"{}", said.paths ? "_files; " : "", said.command,
                          of.is_list ? " -qS ," : "");
    else if (said.paths)
        how = "_files";
    else if (!said.words.empty())
        how = (of.is_list ? "compadd -qS , -- " : "(") + said.words + (of.is_list ? "" : ")");
    if (!of.follows.empty())
        how = fmt::format("{{[[ $line[1] == ({}) ]] && compadd -- {}}}", fmt::join(of.follows, "|"),
                          said.words);
    // Not in a function: the effect of compset ends with it.
    bool const is_part = of.is_list && !how.empty();
    if (is_part) how = "compset -P \"*,\"; compset -P \"+\"; " + how;
    if (is_part || !said.command.empty()) how = "{" + how + "}";
    return fmt::format(":{}:{}", escaped(of.value), how);
}

/// "--type=": the value may be behind a "=" or be the next word.
std::string head_of(std::string const& name, option_description const& option) {
    return !option.value.empty() && name.starts_with("--") ? name + "=" : name;
}

std::string command_case(command_description const& command);

/// The subcommands, and what follows each of them; the word in front of them is the second one.
std::string choice_of(std::vector<command_description> const& all) {
    std::string names;
    std::string cases;
    for (auto const& each : all) {
        names += fmt::format("        '{}:{}'\n", each.name, escaped(each.summary));
        cases += command_case(each);
    }
    return fmt::format("    commands=(\n{}    )\n"
                       "    if ((CURRENT == 2)); then\n"
                       "        _describe command commands\n"
                       "        return\n"
                       "    fi\n"
                       "    command=$words[2]\n"
                       "    shift words\n"
                       "    ((CURRENT--))\n"
                       "    case $command in\n"
                       "{}"
                       "    esac\n",
                       names, cases);
}

std::string command_case(command_description const& command) {
    if (!command.subcommands.empty())
        return fmt::format("    {})\n{}        ;;\n", command.name, choice_of(command.subcommands));
    auto text = fmt::format("    {})\n        _arguments", command.name);
    for (auto const& option : command.options)
        for (auto const& name : option.names)
            text += fmt::format(" \\\n            '*{}[{}]{}'", head_of(name, option),
                                escaped(option.text), option.value.empty() ? "" : value_of(option));
    for (auto const& positional : command.positionals)
        text += fmt::format(" \\\n            '{}'", value_of(positional));
    return text + "\n        ;;\n";
}

} // namespace

std::string zsh_completion(command_description const& whole) {
    return fmt::format(
        "#compdef bpflink\n"
        "# zsh completion for bpflink, made by: bpflink help --print zsh\n"
        "_bpflink_lines() {{\n"
        "    local -a lines\n"
        "    lines=(${{(f)\"$(eval $1 | sed 's/:/\\\\:/g; s/  */:/; s/  */ /g')\"}})\n"
        "    _describe value lines \"${{(@)argv[2,-1]}}\"\n"
        "}}\n"
        "_bpflink() {{\n"
        "    local command\n"
        "    local -a commands\n"
        "{}"
        "}}\n"
        "_bpflink \"$@\"\n",
        choice_of(whole.subcommands));
}

} // namespace tool
