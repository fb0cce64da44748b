// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/set_ends.hpp"

#include "border/sys.hpp"
#include "lifecycle/ending.hpp"
#include "lifecycle/side_by_side.hpp"
#include "pin/path.hpp"

#include <bpflink/detail/wait.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <span>
#include <utility>

namespace bpflink {
namespace {

/// Whether a kind's links wait in the kernel while they close, and wait together: by measuring, see
/// bench/closing.cpp and the table in docs/sets.md.
bool waits_to_close(link_type kind) {
    return kind == link_type::perf_event || kind == link_type::uprobe_multi;
}

/// Opens the pins of the first of these.
/// @return how many there are descriptors for; at least 1
std::size_t open(std::span<ending> some) {
    constexpr std::size_t most = 500; // of a thousand descriptors that a process may have
    constexpr std::size_t for_looks = 40;
    std::size_t count = 0;
    auto const give_back = [&](std::size_t number) {
        for (auto const kept = count - std::min(count - 1, number); count != kept;) {
            --count;
            some[count].its = {};
            some[count].outcome.reset();
        }
    };
    for (; count != std::min(most, some.size()); ++count) {
        auto& each = some[count];
        if (each.path.empty()) continue;
        auto there = look_at(each.path);
        auto const number = there ? 0 : there.error().code().value();
        if ((number == EMFILE || number == ENFILE) && count != 0) {
            give_back(for_looks);
            return count;
        }
        if (!there)
            each.outcome = tl::unexpected{std::move(there).error()};
        else if (there->what == named::kind::link)
            each.its =
                detail::access::make_link(std::move(there->link), detail::pin_memory{each.path});
    }
    if (count <= for_looks) return count;
    auto const open = std::ranges::find_if(some, [](ending const& each) { return bool{each.its}; });
    std::vector<unique_fd> room;
    while (open != some.end() && room.size() != for_looks) {
        auto copy = detail::duplicated(open->its.fd());
        if (!copy) {
            give_back(for_looks - room.size());
            break;
        }
        room.push_back(*std::move(copy));
    }
    return count;
}

/// Ends links that are open, in their order; side by side those that wait in the kernel.
void end(std::span<ending> some, std::chrono::milliseconds patience) {
    joint_end together;
    auto const waits = [&](ending const& each) {
        if (!each.its) return false;
        auto const info = each.its.info();
        return info && waits_to_close(info->type);
    };
    auto const end_one = [&](ending& each) {
        if (each.its) each.outcome = together.end(each.its, sys::deadline(patience));
    };
    for (auto rest = some; !rest.empty();) {
        auto const waiting = std::ranges::find_if_not(rest, waits) - rest.begin();
        auto const count = std::max(static_cast<std::size_t>(waiting), std::size_t{1});
        side_by_side(count, [&](std::size_t i) { end_one(rest[i]); });
        rest = rest.subspan(count);
    }
    together.settle();
    for (auto& each : some)
        if (each.outcome && *each.outcome) together.complete(**each.outcome);
}

} // namespace

void end_all(std::vector<ending>& all, std::chrono::milliseconds patience) {
    for (std::span<ending> rest{all}; !rest.empty();) {
        auto const some = rest.first(open(rest));
        rest = rest.subspan(some.size());
        // A handle of what is pinned would keep that. One whose pin is gone is all that there is.
        for (auto& each : some) {
            if (!each.held || each.outcome) continue;
            link own = std::exchange(*each.held, {});
            bool const is_unjudged = std::exchange(*each.is_unjudged, false);
            if (!each.its && !is_unjudged) each.its = std::move(own);
        }
        end(some, patience);
        for (auto& each : some)
            if (!each.held) each.its = {}; // its descriptor serves the next ones
    }
}

} // namespace bpflink
