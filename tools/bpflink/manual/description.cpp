// SPDX-License-Identifier: Apache-2.0
#include "manual/description.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tool {
namespace {

bool all(CLI::App const* /*command*/) {
    return true;
}

/// The names of some options, in the order of all.
std::vector<std::string> names_of(std::set<CLI::Option*> const& some, CLI::App const& app) {
    std::vector<std::string> names;
    for (auto const* const option : app.get_options())
        if (std::ranges::find(some, option) != some.end()) names.push_back(option->get_name());
    return names;
}

/// "COMMAND" of the program, "HOOK" of attach: stands for one of the subcommands.
std::string choice_of(CLI::App const& app) {
    if (app.get_subcommands(all).empty()) return {};
    return app.get_parent() ? "HOOK" : "COMMAND";
}

/// The commands in front of a word of help: those that leave such a choice.
std::vector<std::string> commands_before(std::string const& choice, CLI::App const& help) {
    std::vector<std::string> names;
    for (auto const* const each : help.get_parent()->get_subcommands(all))
        if (choice_of(*each) == choice) names.push_back(each->get_name());
    return names;
}

} // namespace

std::string names_of(std::vector<option_description> const& options) {
    std::string names;
    for (auto const& option : options)
        names += fmt::format("{}{}", names.empty() ? "" : " ", fmt::join(option.names, " "));
    return names;
}

std::vector<option_description> valued(std::vector<option_description> options) {
    std::erase_if(options, [](option_description const& each) { return each.value.empty(); });
    return options;
}

command_description describe(CLI::App const& app) {
    command_description told;
    told.name = app.get_name();
    told.summary = app.get_description();
    told.footer = app.get_footer();
    told.group = app.get_group();
    for (auto const* const option : app.get_options()) {
        if (option->get_group().empty()) continue;
        option_description one;
        one.value = option->get_type_name();
        one.text = option->get_description();
        one.is_list = option->get_items_expected_max() > 1;
        one.is_required = option->get_required();
        one.needs = names_of(option->get_needs(), app);
        one.excludes = names_of(option->get_excludes(), app);
        for (auto const& name : option->get_snames())
            one.names.push_back("-" + name);
        for (auto const& name : option->get_lnames())
            one.names.push_back("--" + name);
        if (option->get_items_expected_max() == 0) one.value.clear(); // a flag
        if (one.names.empty()) {
            one.value = option->get_name();
            if (!told.positionals.empty() && told.positionals.back().value == "COMMAND")
                one.follows = commands_before(one.value, app);
            told.positionals.push_back(std::move(one));
        } else {
            told.options.push_back(std::move(one));
        }
    }
    for (auto const* const command : app.get_subcommands(all))
        told.subcommands.push_back(describe(*command));
    told.choice = choice_of(app);
    return told;
}

} // namespace tool
