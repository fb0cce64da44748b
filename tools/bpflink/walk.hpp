// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "problems.hpp"
#include "record.hpp"

#include <bpflink/ids.hpp>
#include <bpflink/link_info.hpp>

#include <functional>
#include <string>
#include <vector>

namespace tool {

using predicate = std::function<bool(bpflink::link_info const&)>;

/// The links that are wanted, in ascending order of ids. Of those that a security module keeps from
/// being opened, a snapshot tells.
[[nodiscard]] std::vector<record> all_links(predicate const& wanted, problems& report);

/// Those that are pinned, with their pins: by way of the pins, so that whoever may read them needs
/// no privilege to list all links.
[[nodiscard]] std::vector<record> pinned_links(predicate const& wanted, problems& report);

/// The paths that a link is pinned at, in order.
[[nodiscard]] std::vector<std::string> pins_of(bpflink::link_id id, problems& report);

} // namespace tool
