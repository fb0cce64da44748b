// SPDX-License-Identifier: Apache-2.0
#include "manual/description.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace tool {
namespace {

/// The names of some options, in the order of all.
std::vector<std::string> names_of(std::set<CLI::Option*> const& some, CLI::App const& app) {
    std::vector<std::string> names;
    for (auto const* const option : app.get_options())
        if (std::ranges::find(some, option) != some.end()) names.push_back(option->get_name());
    return names;
}

} // namespace

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
            told.positionals.push_back(std::move(one));
        } else {
            told.options.push_back(std::move(one));
        }
    }
    for (auto const* const command : app.get_subcommands([](CLI::App const*) { return true; }))
        told.subcommands.push_back(describe(*command));
    if (!told.subcommands.empty()) told.choice = app.get_parent() ? "HOOK" : "COMMAND";
    return told;
}

} // namespace tool
