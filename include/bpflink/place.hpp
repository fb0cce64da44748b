// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/ids.hpp>

#include <variant>

namespace bpflink {

/// The place of a link, where one number tells: none for the tracing kinds and netfilter. The
/// number is 0 when the place is gone, or the link was detached.
///
/// An ifindex is that of the device in its own network namespace, which link_record::netns tells.
using place = std::variant<std::monostate, ifindex, cgroup_id, netns_inode, map_id>;

/// The earlier name of place.
using link_target = place;

} // namespace bpflink
