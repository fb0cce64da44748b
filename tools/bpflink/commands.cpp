// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"

#include <algorithm>
#include <array>

namespace tool {

std::span<command const* const> all_commands() {
    static constexpr std::array all{
        // look
        &list_command,
        &show_command,
        &on_command,
        &holders_command,
        &tree_command,
        &watch_command,
        &top_command,
        &metrics_command,
        // change
        &attach_command,
        &update_command,
        &pin_command,
        &unpin_command,
        &detach_command,
        &teardown_command,
        &gc_command,
        // the kernel
        &features_command,
        &explain_command,
        &doctor_command,
        // more
        &help_command,
    };
    return all;
}

bool is_command(std::string_view name) {
    return std::ranges::any_of(all_commands(),
                               [&](command const* each) { return each->name == name; });
}

} // namespace tool
