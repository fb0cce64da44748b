// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/ids.hpp>

#include <map>
#include <string>

namespace tool {

/// The calling thread's network namespace.
[[nodiscard]] bpflink::result<bpflink::netns_inode> netns_of_here();

/// "/run/netns/blue" of "blue".
[[nodiscard]] std::string path_of_netns(std::string const& name);

/// Those with a name in /run/netns, as `ip netns` makes them.
[[nodiscard]] std::map<bpflink::netns_inode, std::string> named_namespaces();

} // namespace tool
