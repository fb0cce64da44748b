// SPDX-License-Identifier: Apache-2.0
#include "manual/completions.hpp"
#include "manual/values.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

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
std::string arguments_for(option_description const& of) {
    auto const said = words_for(of.value);
    std::string const end = of.is_list ? " | __bpflink_in_list)" : ")";
    auto words = said.words;
    if (!words.empty() && of.is_list) words = R"((string split " " ")" + words + '"' + end;
    if (!said.command.empty())
        words += "(" + said.command + R"( | string replace -r " +" \t)" + end;
    if (said.paths && of.is_list) words += " (__fish_complete_path (__bpflink_last)" + end;
    std::string text = said.paths && !of.is_list ? " -F" : " -f";
    if (!words.empty()) text += " -a " + in_quotes(words);
    return text;
}

std::string option_line(std::string const& condition, option_description const& option) {
    auto text = "complete -c bpflink -n " + condition;
    for (std::string_view const name : option.names)
        text += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2))
                                       : fmt::format(" -s {}", name.substr(1));
    if (!option.value.empty()) text += " -r" + arguments_for(option);
    return fmt::format("{} -d {}\n", text, in_quotes(option.text));
}

/// A pattern of the word in front.
std::string word_before(option_description const& positional) {
    auto const& follows = positional.follows;
    return follows.empty() ? ".*" : fmt::format("({})", fmt::join(follows, "|"));
}

/// @param words  those in front, which lead to the command
std::string command_lines(command_description const& command, std::string const& words) {
    auto const at_end = in_quotes("__bpflink_ends_with" + words);
    auto const inside = command.subcommands.empty() ? in_quotes("__bpflink_is" + words) : at_end;
    auto const values = names_of(valued(command.options));
    std::string text;
    for (auto const& option : command.options)
        text += option_line(inside, option);
    auto before = std::ranges::count(words, ' ');
    for (auto const& positional : command.positionals) {
        auto const here = fmt::format("__bpflink_is{}; and __bpflink_at \"{} {}\" {}", words,
                                      before++, word_before(positional), values);
        text += fmt::format("complete -c bpflink -n {}{}\n", in_quotes(here),
                            arguments_for(positional));
    }
    for (auto const& each : command.subcommands) {
        text += fmt::format("complete -c bpflink -n {} -a {} -d {}\n", at_end, each.name,
                            in_quotes(each.summary));
        text += command_lines(each, words + " " + each.name);
    }
    return text;
}

/// A command is told by its place: its name may be a file's or a hook's elsewhere.
constexpr auto functions = R"fish(function __bpflink_is -d 'Are these the words after the program?'
    set -l words (commandline -opc)
    for at in (seq (count $argv))
        set -q words[(math $at + 1)]; and test $words[(math $at + 1)] = $argv[$at]; or return 1
    end
end
function __bpflink_ends_with -d 'Are these all of the words after the program?'
    __bpflink_is $argv; and test (count (commandline -opc)) -eq (math (count $argv) + 1)
end
function __bpflink_at -d 'Is it behind so many words, and this last one? Options and their values are not counted'
    set -l words
    set -l option
    set -l ended
    for word in (commandline -opc)[2..]
        if test -n "$option"
            set option
        else if test -n "$ended"; or not string match -rq -- '^-.' $word
            set -a words $word
        else if test $word = --
            set ended yes
        else if contains -- $word $argv[2..]
            set option $word
        end
    end
    string match -rq -- "^$argv[1]\$" (count $words)" $words[-1]"
end
function __bpflink_list -d 'The words of the list so far'
    commandline -ct | string replace -r '^--[a-z-]+=' ''
end
function __bpflink_last -d 'The last one of them'
    __bpflink_list | string replace -r '^(?:.*,)?[+]?' ''
end
function __bpflink_in_list -d 'Lines, each behind the words before the last comma'
    set -l head (__bpflink_list | string match -r '^(?:.*,)?[+]?')
    while read -l line
        printf '%s%s\n' "$head" $line
    end
end
)fish";

} // namespace

std::string fish_completion(command_description const& whole) {
    return fmt::format("# fish completion for bpflink, made by: bpflink help --print fish\n"
                       "{}complete -c bpflink -f\n{}",
                       functions, command_lines(whole, ""));
}

} // namespace tool
