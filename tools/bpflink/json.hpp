// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "record.hpp"

#include <string>
#include <vector>

namespace tool {

// As `bpftool link show --json` spells keys and values, and a key of our own, "state". Names that
// are not UTF-8 come out with U+FFFD in place of what is not.

/// An object on one line.
[[nodiscard]] std::string to_json(record const& link);

/// An array, with a line for each link.
[[nodiscard]] std::string to_json(std::vector<record> const& links);

} // namespace tool
