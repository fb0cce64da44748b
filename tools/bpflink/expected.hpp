// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "arguments.hpp"
#include "parameters.hpp"

#include <bpflink/error.hpp>
#include <bpflink/link.hpp>

#include <optional>

namespace tool {

// Ids are given out again after a wrap, and a pin may be another link's by now. The program that a
// link runs tells whether it is the one that is meant.

/// Adds the option --expect-program.
/// @param into  lives as long as the command
void add_expected(parameters const& takes, std::optional<program_argument>& into);

/// Fails with program_mismatch where the link runs another program. The kernel does not compare it
/// with what follows: another process may swap the program in between.
[[nodiscard]] bpflink::result<void> check_expected(bpflink::link const& link,
                                                   std::optional<program_argument> const& expected);

} // namespace tool
