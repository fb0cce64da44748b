// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "attached.hpp"

#include <string>

namespace tool::on {

/// Appends what is on a target, whatever it is.
/// @param word  an interface ("eth0", "blue:eth0"), a process ("1234"), a map ("map:7"), or a path:
///              of a cgroup, a network namespace, a map's pin, or any other file
void add_target(std::string const& word, lookup& names, programs& to, problems& report);

} // namespace tool::on
