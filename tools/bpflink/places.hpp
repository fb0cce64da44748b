// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/ids.hpp>

#include <string>
#include <string_view>

namespace tool {

/// An interface, in the network namespace that it is in.
struct interface_place {
    std::string netns_path; ///< of the namespace; empty for that of this command
    bpflink::netns_inode netns;
    bpflink::ifindex index;
};

/// @param word  "eth0", "blue:eth0" of the namespace /run/netns/blue, or "1234:eth0" of a process's
[[nodiscard]] bpflink::result<interface_place> find_interface(std::string_view word);

/// @param word  the name of a namespace in /run/netns, a path, or a process
/// @return a path
[[nodiscard]] std::string netns_path_of(std::string_view word);

/// Whether a word is a decimal number.
[[nodiscard]] bool is_number(std::string_view word);

} // namespace tool
