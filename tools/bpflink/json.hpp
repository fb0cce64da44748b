// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "facts.hpp"
#include "json_text.hpp"
#include "record.hpp"

#include <bpflink/lifecycle/holders.hpp>
#include <bpflink/program_info.hpp>

#include <string>
#include <vector>

namespace tool {

// Keys and values are spelled as `bpftool link show --json` does where it has them, and
// links.schema.json tells all.

/// A link as an object on one line. It has "pinned" and "pids" where somebody looked.
[[nodiscard]] std::string to_text(record const& link);

/// The same, to be a part of another.
[[nodiscard]] json json_of(record const& link);

/// A program as an object: all that the kernel says of it, as `bpftool prog show --json`.
[[nodiscard]] json json_of(bpflink::program_info const& program);

/// The processes of holders, as the value of "pids".
[[nodiscard]] json processes_of(bpflink::link_holders const& holders);

/// An array with a line for each element.
template <class Element>
[[nodiscard]] std::string to_lines(std::vector<Element> const& all) {
    std::string text = "[";
    for (auto const& each : all) {
        if (text.size() > 1) text += ",\n ";
        text += to_text(each);
    }
    return text + "]\n";
}

} // namespace tool
