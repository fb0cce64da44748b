// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "keeper.hpp"

#include <optional>
#include <string>
#include <vector>

namespace service {

/// The data of the pages: all links of the kernel, and their pins on every bpffs mounted here.
struct view {
    std::optional<bpflink::netns_inode> here; ///< this network namespace
    std::vector<bpflink::link_record> links;
    std::vector<bpflink::pin_entry> pins;
    std::vector<bpflink::link_info> probes; ///< of those links that count what they missed
    int unreadable = 0;                     ///< links and pins of which nothing can be said
};

/// Looks around, by one read of all links in the kernel, and some system calls a pin and a probe.
/// @param links  kept between two looks: it holds the program that reads
[[nodiscard]] bpflink::result<view> look(bpflink::snapshotter& links);

/// JSON: an array of links, as `bpflink list --pinned --json` has them, with the keys that one look
/// at all of them tells.
[[nodiscard]] std::string links_page(view const& now);

/// The library's version, which is the service's.
[[nodiscard]] std::string version_text();

/// The text format of Prometheus.
[[nodiscard]] std::string metrics_page(view const& now, status const& of);

} // namespace service
