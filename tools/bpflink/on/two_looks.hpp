// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "attached.hpp"

#include <bpflink/ids.hpp>
#include <bpflink/link_record.hpp>

#include <algorithm>
#include <optional>
#include <vector>

namespace tool::on {

/// The links of a place, as one look saw them; empty where that failed.
using links_seen = std::optional<std::vector<bpflink::link_record>>;

/// The links of a place around a query of it, for a hook whose query does not tell links.
struct two_looks {
    links_seen before{};
    links_seen after{};

    /// Gives a program of the query its link, each link once; a note where there is not any.
    /// @param revision  of the query
    /// @param fits      whether a link of the program is on the program's hook
    template <class Fits>
    void give_link(attached& to, std::optional<bpflink::revision> revision, Fits fits) {
        if (!before || !after) {
            to.note = perhaps_a_link;
            return;
        }
        for (auto* const look : {&*after, &*before}) { // of two, the one that is still there
            auto const found = std::ranges::find_if(*look, [&](bpflink::link_record const& each) {
                return each.program == to.program && fits(each);
            });
            if (found == look->end()) continue;
            to.link = found->id;
            std::erase_if(*before, [&](auto const& each) { return each.id == *to.link; });
            std::erase_if(*after, [&](auto const& each) { return each.id == *to.link; });
            return;
        }
        to.note = not_a_link;
        to.unseen = revision.value_or(bpflink::revision{});
    }
};

} // namespace tool::on
