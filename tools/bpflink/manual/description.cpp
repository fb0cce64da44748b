// SPDX-License-Identifier: Apache-2.0
#include "manual/description.hpp"

#include <CLI/CLI.hpp>

namespace tool {

command_description describe(CLI::App const& app) {
    command_description told{app.get_name(), app.get_description(), app.get_footer(), {}, {}, {}};
    for (auto const* const option : app.get_options()) {
        if (option->get_group().empty()) continue;
        option_description one{{},
                               option->get_type_name(),
                               option->get_description(),
                               option->get_items_expected_max() > 1};
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
    return told;
}

} // namespace tool
