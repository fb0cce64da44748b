// SPDX-License-Identifier: Apache-2.0
#pragma once

// Records by the walk from id to id, on Linux and on Windows.

#include <bpflink/detail/read_info.hpp>
#include <bpflink/link.hpp>
#include <bpflink/views/links.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// A record for each link. A link that this process may not look at has one of its id alone, and
/// `unseen` says why.
/// @param complete  adds to a record what no info has, from its link
template <class Complete>
result<void> take_by_walk(std::vector<link_record>& into, std::vector<error>& unseen,
                          Complete complete) {
    detail::open_walk walk{link_id{}};
    std::optional<result<link>> next;
    while (walk.next(next), next) {
        auto record = next->and_then([](link const& l) { return detail::read_record(l.fd()); });
        if (record) {
            complete(*record, **next);
            into.push_back(*record);
        } else {
            auto& why = record.error();
            if (why != errc::permission_denied || why.where() == operation::link_get_next_id)
                return tl::unexpected{std::move(why)};
            unseen.push_back(std::move(why));
            into.emplace_back().id = walk.last();
        }
        next.reset();
    }
    return {};
}

} // namespace bpflink
