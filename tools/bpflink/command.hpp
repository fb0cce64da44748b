// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "parameters.hpp"

#include <functional>

namespace tool {

/// Does what a command line says, prints, complains where something fails, and returns the exit
/// code: 0, or 1 where something failed.
using action = std::function<int()>;

/// A command, as --help, the man page and the completions tell of it.
struct command {
    char const* name;
    char const* summary; ///< a line, without a full stop
    char const* group;   ///< the heading that --help lists it below: one of those in groups.hpp
    /// Adds what the command takes: options, positionals, a footer with examples. Returns what runs
    /// it when it was read; the state that both share lives as long as either.
    action (*add)(parameters const& takes);
};

} // namespace tool
