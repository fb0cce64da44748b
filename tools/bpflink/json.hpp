// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "facts.hpp"
#include "record.hpp"

#include <bpflink/lifecycle/holders.hpp>
#include <bpflink/program_info.hpp>

#include <string>
#include <vector>

namespace tool {

// Keys and values are spelled as `bpftool link show --json` does where it has them, and
// links.schema.json tells all.

/// A link as an object. It has "pinned" and "pids" where somebody looked.
[[nodiscard]] json json_of(record const& link);

/// A program as an object: all that the kernel says of it, as `bpftool prog show --json`.
[[nodiscard]] json json_of(bpflink::program_info const& program);

/// The processes of holders, as the value of "pids".
[[nodiscard]] json processes_of(bpflink::link_holders const& holders);

/// On one line. Names that are not UTF-8 come out with U+FFFD in place of what is not.
[[nodiscard]] std::string to_text(json const& value);

/// An array with a line for each element.
[[nodiscard]] std::string to_lines(std::vector<json> const& all);

} // namespace tool
