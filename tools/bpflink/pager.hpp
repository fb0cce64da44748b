// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace tool {

/// Prints a text, through a pager where it is longer than the terminal: $BPFLINK_PAGER, else
/// $PAGER, else less. A variable that is set and empty stands for none.
void print_long(std::string const& text);

} // namespace tool
