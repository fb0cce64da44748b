// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "problems.hpp"
#include "record.hpp"

#include <bpflink/ids.hpp>
#include <bpflink/link_info.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tool {

using predicate = std::function<bool(bpflink::link_info const&)>;

/// The links that are wanted, in ascending order of ids. Of those that may not be opened, a
/// snapshot tells where it can, and a note says so.
[[nodiscard]] std::vector<record> all_links(predicate const& wanted, lookup& names,
                                            problems& report);

/// Those that are pinned, with their pins: by way of the pins, so that whoever may read them needs
/// no privilege to list all links.
[[nodiscard]] std::vector<record> pinned_links(predicate const& wanted, lookup& names,
                                               problems& report);

/// The paths of all pins on every bpffs that is mounted here, those of a link in order.
[[nodiscard]] std::map<bpflink::link_id, std::vector<std::string>> all_pins(problems& report);

/// Gives each link its pins.
void look_for_pins(std::vector<record>& links, problems& report);

/// Gives each link its holders, and notes what could not be looked at.
void look_for_holders(std::vector<record>& links, problems& report);

} // namespace tool
