// SPDX-License-Identifier: Apache-2.0
#include "manual/completions.hpp"
#include "manual/values.hpp"

#include <string_view>

#include <fmt/format.h>

namespace tool {
namespace {

/// Inside single quotes.
std::string in_quotes(std::string_view text) {
    std::string safe = "'";
    for (char const c : text) {
        if (c == '\'' || c == '\\') safe += '\\';
        safe += c;
    }
    return safe + "'";
}

/// "-f -a ..." for what may be said.
std::string arguments_for(std::string const& value) {
    auto const said = words_for(value);
    auto words = said.words;
    if (!said.command.empty()) words += "(" + said.command + ")";
    std::string text = said.paths ? " -F" : " -f";
    if (!words.empty()) text += " -a " + in_quotes(words);
    return text;
}

std::string option_line(std::string const& condition, option_description const& option) {
    auto text = "complete -c bpflink -n " + condition;
    for (std::string_view const name : option.names)
        text += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2))
                                       : fmt::format(" -s {}", name.substr(1));
    if (!option.value.empty()) text += " -r" + arguments_for(option.value);
    return fmt::format("{} -d {}\n", text, in_quotes(option.text));
}

/// @param before  the words that tell that the command may follow
/// @param seen    and that it and those in front of it were given
std::string command_lines(command_description const& command, std::string const& before,
                          std::string const& seen) {
    auto const condition = in_quotes(seen);
    auto text = fmt::format("complete -c bpflink -n {} -a {} -d {}\n", in_quotes(before),
                            command.name, in_quotes(command.summary));
    for (auto const& option : command.options)
        text += option_line(condition, option);
    for (auto const& positional : command.positionals)
        text += fmt::format("complete -c bpflink -n {}{}\n", condition,
                            arguments_for(positional.value));
    for (auto const& each : command.subcommands)
        text += command_lines(each, seen, seen + "; and __fish_seen_subcommand_from " + each.name);
    return text;
}

} // namespace

std::string fish_completion(command_description const& whole) {
    std::string text = "# fish completion for bpflink, made by: bpflink help --print fish\n"
                       "complete -c bpflink -f\n";
    for (auto const& command : whole.subcommands)
        text += command_lines(command, "__fish_use_subcommand",
                              "__fish_seen_subcommand_from " + command.name);
    return text;
}

} // namespace tool
