// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "command.hpp"

#include <span>
#include <string_view>

namespace tool {

// One of each file in commands/.
extern command const attach_command;
extern command const detach_command;
extern command const doctor_command;
extern command const explain_command;
extern command const features_command;
extern command const gc_command;
extern command const help_command;
extern command const holders_command;
extern command const list_command;
extern command const metrics_command;
extern command const on_command;
extern command const pin_command;
extern command const show_command;
extern command const teardown_command;
extern command const top_command;
extern command const tree_command;
extern command const unpin_command;
extern command const update_command;
extern command const watch_command;

/// The commands in the order of --help.
[[nodiscard]] std::span<command const* const> all_commands();

/// Whether a command has the name.
[[nodiscard]] bool is_command(std::string_view name);

} // namespace tool
