// SPDX-License-Identifier: Apache-2.0
#include "interfaces.hpp"

#include <bpflink/find_links.hpp>
#include <bpflink/targets.hpp>

#include <algorithm>

namespace tool {
namespace bl = bpflink;

std::optional<std::string> interfaces::name_for(bl::link_id link, bl::ifindex index) {
    if (index == bl::ifindex{} || !is_here(link, index)) return std::nullopt;
    auto name = bl::interface_name_of(index);
    if (!name) return std::nullopt;
    return *std::move(name);
}

/// One snapshot serves all links.
void interfaces::look() {
    has_looked_ = true;
    if (auto const here = bl::netns_inode_of("/proc/thread-self/ns/net")) here_ = *here;
    if (auto const all = bl::snapshot())
        for (auto const& each : *all)
            if (each.netns) namespaces_.emplace(each.id, *each.netns);
}

bool interfaces::is_here(bl::link_id link, bl::ifindex index) {
    if (!has_looked_) look();
    if (auto const known = namespaces_.find(link); here_ && known != namespaces_.end())
        return known->second == *here_;
    // It may be proven otherwise.
    auto const found = bl::find_links(index);
    return found && std::ranges::find(*found, link, &bl::link_record::id) != found->end();
}

} // namespace tool
