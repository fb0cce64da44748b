// SPDX-License-Identifier: Apache-2.0
#include "pages.hpp"

#include <bpflink/link.hpp>
#include <bpflink/targets.hpp>

#include <utility>

namespace service {
namespace bl = bpflink;

bl::result<view> look(bl::snapshotter& links) {
    view now;
    if (auto const here = bl::netns_inode_of("/proc/thread-self/ns/net")) now.here = *here;
    co_await links.take(now.links);
    for (auto&& pin : bl::pins())
        if (pin)
            now.pins.push_back(*std::move(pin));
        else
            ++now.unreadable;
    for (auto const& link : now.links) {
        if (link.type != bl::link_type::kprobe_multi && link.type != bl::link_type::perf_event)
            continue;
        auto info = bl::link::from_id(link.id).and_then([](bl::link const& l) { return l.info(); });
        if (info)
            now.probes.push_back(*std::move(info));
        else if (info.error() != bl::errc::not_found) // it vanished meanwhile
            ++now.unreadable;
    }
    co_return now;
}

} // namespace service
