// SPDX-License-Identifier: Apache-2.0
#include "manual/completions.hpp"
#include "manual/description.hpp"
#include "manual/values.hpp"

#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace tool {
namespace {

/// Commands that put what there is for a value into COMPREPLY.
std::string reply(std::string const& value) {
    auto const said = words_for(value);
    std::string text;
    if (!said.words.empty() || !said.command.empty()) {
        auto words = said.words;
        if (!said.command.empty()) words += (words.empty() ? "$(" : " $(") + said.command + ")";
        text += fmt::format("COMPREPLY+=($(compgen -W \"{}\" -- \"$cur\")); ", words);
    }
    if (said.paths) text += "COMPREPLY+=($(compgen -f -- \"$cur\")); ";
    return text.empty() ? ":;" : text;
}

std::string names_of(std::vector<option_description> const& options) {
    std::string names;
    for (auto const& option : options)
        names += fmt::format("{}{}", names.empty() ? "" : " ", fmt::join(option.names, " "));
    return names;
}

std::string command_case(command_description const& command) {
    auto text = fmt::format("    {})\n        case \"$prev\" in\n", command.name);
    for (auto const& option : command.options)
        if (!option.value.empty())
            text += fmt::format("        {}) {} return ;;\n", fmt::join(option.names, "|"),
                                reply(option.value));
    text += fmt::format("        esac\n"
                        "        if [[ $cur == -* ]]; then\n"
                        "            COMPREPLY=($(compgen -W \"{}\" -- \"$cur\"))\n"
                        "            return\n"
                        "        fi\n",
                        names_of(command.options));
    for (auto const& positional : command.positionals)
        text += "        " + reply(positional.value) + "\n";
    return text + "        ;;\n";
}

} // namespace

std::string bash_completion(CLI::App const& app) {
    auto const commands = describe_commands(app);
    std::string names;
    std::string cases;
    for (auto const& command : commands) {
        names += command.name + " ";
        cases += command_case(command);
    }
    return fmt::format(
        "# bash completion for bpflink, made by: bpflink help --print bash\n"
        "_bpflink() {{\n"
        "    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}\n"
        "    COMPREPLY=()\n"
        "    if ((COMP_CWORD == 1)); then\n"
        "        COMPREPLY=($(compgen -W \"{}{}\" -- \"$cur\"))\n"
        "        return\n"
        "    fi\n"
        "    compopt -o filenames 2>/dev/null\n"
        "    case \"${{COMP_WORDS[1]}}\" in\n"
        "{}"
        "    esac\n"
        "}}\n"
        "complete -F _bpflink bpflink\n",
        names, names_of(describe(app).options), cases);
}

} // namespace tool
