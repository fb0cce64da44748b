// SPDX-License-Identifier: Apache-2.0
#include "manual/completions.hpp"
#include "manual/values.hpp"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tool {
namespace {

/// Commands that put what there is for a value into COMPREPLY.
std::string reply(option_description const& of) {
    auto const said = words_for(of.value);
    std::string text;
    if (!said.words.empty())
        text +=
            fmt::format("COMPREPLY+=($(compgen -P \"$head\" -W \"{}\" -- \"$cur\")); ", said.words);
    if (!said.command.empty()) text += fmt::format("_bpflink_lines < <({}); ", said.command);
    if (said.paths) text += "COMPREPLY+=($(compgen -P \"$head\" -f -- \"$cur\")); ";
    if (text.empty()) return ":;";
    return of.is_list ? "_bpflink_list; " + text : text;
}

/// @param word  which word of the line the command is
std::string command_case(command_description const& command, int word);

/// The subcommands, and what follows each of them.
std::string choice_of(std::vector<command_description> const& all, std::string const& more,
                      int word) {
    std::string names;
    std::string cases;
    for (auto const& each : all) {
        names += each.name + " ";
        cases += command_case(each, word);
    }
    return fmt::format("    if ((COMP_CWORD == {0})); then\n"
                       "        COMPREPLY=($(compgen -W \"{1}{2}\" -- \"$cur\"))\n"
                       "        return\n"
                       "    fi\n"
                       "    case \"${{COMP_WORDS[{0}]}}\" in\n"
                       "{3}"
                       "    esac\n",
                       word, names, more, cases);
}

/// The place of a positional, as _bpflink_look tells it: "2 "* behind two words.
std::string pattern_of(option_description const& positional, int words) {
    auto const begin = fmt::format("\"{} ", words);
    if (positional.follows.empty()) return begin + "\"*";
    return fmt::format("{}{}\"", begin, fmt::join(positional.follows, "\"|" + begin));
}

std::string command_case(command_description const& command, int word) {
    auto text = fmt::format("    {})\n", command.name);
    if (!command.subcommands.empty())
        return text + choice_of(command.subcommands, names_of(command.options), word + 1) +
               "        ;;\n";
    auto const with_values = valued(command.options);
    text += fmt::format("        _bpflink_look \"{}\"\n"
                        "        case $place in\n"
                        "        -) COMPREPLY=($(compgen -W \"{}\" -- \"$cur\")) ;;\n",
                        names_of(with_values), names_of(command.options));
    for (auto const& option : with_values)
        text += fmt::format("        {}) {} ;;\n", fmt::join(option.names, "|"), reply(option));
    for (auto const& positional : command.positionals)
        text +=
            fmt::format("        {}) {} ;;\n", pattern_of(positional, word++), reply(positional));
    return text + "        esac\n"
                  "        ;;\n";
}

/// Sets $place to an option whose value is completed, and to "-" for an option's name. Else to the
/// count of the words in front, and the last of them. Options, their values and "--" are not
/// counted. Bash splits words at = and :, and they are put together again.
/// $1: the options that take values
constexpr auto look_function = R"(_bpflink_look() {
    local word words=() at=0 last= count=0 ended=
    for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ $word == +([=:]) || $last == +([=:]) ]]; then
            words[at]+=$word
        else
            words[++at]=$word
        fi
        last=$word
    done
    last=
    for word in "${words[@]:0:at-1}"; do
        if [[ $place ]]; then
            place=
        elif [[ $ended || $word != -?* ]]; then
            ((++count))
            last=$word
        elif [[ $word == -- ]]; then
            ended=1
        elif [[ " $1 " == *" $word "* ]]; then
            place=$word
        fi
    done
    [[ $place ]] && return
    word=${words[at]}
    if [[ $ended || $word != -* ]]; then
        place="$count $last"
    elif [[ $word == *=* ]]; then
        place=${word%%=*}
    else
        place=-
    fi
}
)";

/// Takes the first word of each line. While bash lists them, the whole line is shown, and does not
/// get into the command line. A "/" in it is not part of a file's name.
constexpr auto lines_function = "_bpflink_lines() {\n"
                                "    local line\n"
                                "    while IFS= read -r line; do\n"
                                "        [[ $line == \"$cur\"* ]] || continue\n"
                                "        if ((COMP_TYPE == 63)); then\n"
                                "            compopt +o filenames 2>/dev/null\n"
                                "            COMPREPLY+=(\"$line\")\n"
                                "        else\n"
                                "            COMPREPLY+=(\"$head${line%% *}\")\n"
                                "        fi\n"
                                "    done\n"
                                "}\n";

/// Completes the word behind the last comma, and behind the + of columns. A comma may follow it,
/// and so a blank does not.
constexpr auto list_function = "_bpflink_list() {\n"
                               "    local rest=${cur##*,}\n"
                               "    rest=${rest#+}\n"
                               "    head=${cur%\"$rest\"} cur=$rest\n"
                               "    compopt -o nospace 2>/dev/null\n"
                               "}\n";

} // namespace

std::string bash_completion(command_description const& whole) {
    return fmt::format("# bash completion for bpflink, made by: bpflink help --print bash\n"
                       "{1}{2}{3}"
                       "_bpflink() {{\n"
                       "    local head= place= cur=${{COMP_WORDS[COMP_CWORD]}}\n"
                       "    [[ $cur == = ]] && cur=\n"
                       "    COMPREPLY=()\n"
                       "    compopt -o filenames 2>/dev/null\n"
                       "{0}"
                       "}}\n"
                       "complete -F _bpflink bpflink\n",
                       choice_of(whole.subcommands, names_of(whole.options), 1), lines_function,
                       list_function, look_function);
}

} // namespace tool
