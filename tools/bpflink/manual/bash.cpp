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

std::string names_of(std::vector<option_description> const& options) {
    std::string names;
    for (auto const& option : options)
        names += fmt::format("{}{}", names.empty() ? "" : " ", fmt::join(option.names, " "));
    return names;
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

std::string command_case(command_description const& command, int word) {
    auto text = fmt::format("    {})\n", command.name);
    if (!command.subcommands.empty())
        return text + choice_of(command.subcommands, names_of(command.options), word + 1) +
               "        ;;\n";
    text += "        case \"$prev\" in\n";
    for (auto const& option : command.options)
        if (!option.value.empty())
            text += fmt::format("        {}) {} return ;;\n", fmt::join(option.names, "|"),
                                reply(option));
    text += fmt::format("        esac\n"
                        "        if [[ $cur == -* ]]; then\n"
                        "            COMPREPLY=($(compgen -W \"{}\" -- \"$cur\"))\n"
                        "            return\n"
                        "        fi\n",
                        names_of(command.options));
    for (auto const& positional : command.positionals)
        text += "        " + reply(positional) + "\n";
    return text + "        ;;\n";
}

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
    return fmt::format(
        "# bash completion for bpflink, made by: bpflink help --print bash\n"
        "{1}{2}"
        "_bpflink() {{\n"
        "    local head= cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}\n"
        "    [[ $prev == = ]] && prev=${{COMP_WORDS[COMP_CWORD-2]}}\n"
        "    [[ $cur == = ]] && cur=\n"
        "    COMPREPLY=()\n"
        "    compopt -o filenames 2>/dev/null\n"
        "{0}"
        "}}\n"
        "complete -F _bpflink bpflink\n",
        choice_of(whole.subcommands, names_of(whole.options), 1), lines_function, list_function);
}

} // namespace tool
