// SPDX-License-Identifier: Apache-2.0
#include "walk.hpp"

#include <bpflink/link.hpp>
#include <bpflink/views/adaptors.hpp>
#include <bpflink/views/infos.hpp>
#include <bpflink/views/link_ids.hpp>
#include <bpflink/views/pins.hpp>
#include <bpflink/views/snapshot.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <ranges>
#include <utility>

#include <fmt/format.h>

namespace tool {
namespace {

namespace bl = bpflink;

/// Whether a link may not be opened, or none may be found by id: a snapshot needs neither.
bool is_kept(bl::error const& e) {
    return e == bl::errc::permission_denied && (e.where() == bl::operation::link_get_fd_by_id ||
                                                e.where() == bl::operation::link_get_next_id);
}

/// As many as make it pay to read all links at once, for its preparation.
constexpr std::size_t many = 1'500;

/// Whether there are that many. Where nobody tells, a walk will.
bool are_many() {
    std::size_t count = 0;
    for (auto&& id : bl::link_ids() | std::views::take(many)) {
        if (!id) return false;
        ++count;
    }
    return count == many;
}

/// Adds the links that may not be opened.
void add_kept(std::vector<record>& links, predicate const& wanted, lookup& names,
              bl::error const& why, problems& report) {
    bl::snapshotter by;
    auto const all = by.take();
    if (!all) return report(why);
    for (auto const& each : by.unseen())
        report(each);
    auto const id_of = [](record const& link) { return link.info.id; };
    auto const known = std::ssize(links);
    std::size_t kept = 0;
    for (auto const& each : *all) {
        if (each.type == bl::link_type::unspec) continue;
        auto info = info_of(each);
        if (!wanted(info) || std::ranges::find(links, info.id, id_of) != links.end()) continue;
        links.push_back(make_record(std::move(info), names));
        ++kept;
    }
    std::ranges::inplace_merge(links, links.begin() + known, {}, id_of);
    if (kept != 0)
        report.note(
            fmt::format("{} of {} links may not be opened: a snapshot tells of them, without "
                        "names, offsets and cookies; {}",
                        kept, links.size(), why.message()));
}

/// Reads the infos of all links, each as it is taken.
/// @param expect  is told how many will come, where that is known
template <class Take, class Expect>
void read_all(Take const& take, Expect const& expect) {
    if (are_many()) {
        auto all = bl::infos_at_once();
        if (all && !all->empty()) {
            expect(all->size());
            for (auto& info : *all)
                take(std::move(info));
            return;
        }
    }
    for (auto&& info : bl::infos())
        take(std::move(info));
}

} // namespace

std::vector<record> all_links(predicate const& wanted, lookup& names, problems& report) {
    std::vector<record> links;
    std::optional<bl::error> kept;
    auto const take = [&](bl::result<bl::link_info>&& info) {
        if (info) {
            if (wanted(*info)) links.push_back(make_record(*std::move(info), names));
        } else if (is_kept(info.error()))
            kept = info.error();
        else
            report(info.error());
    };
    read_all(take, [&](std::size_t count) { links.reserve(count); });
    if (kept) add_kept(links, wanted, names, *kept, report);
    return links;
}

std::vector<record> pinned_links(predicate const& wanted, lookup& names, problems& report) {
    std::map<bl::link_id, record> links;
    for (auto&& pin : bl::pins()) {
        if (!pin) {
            report(pin.error());
            continue;
        }
        auto info = bl::link::load_pinned(pin->path).and_then(&bl::link::info);
        if (!info && info.error() == bl::errc::not_found) continue; // unpinned meanwhile
        if (!info) {
            report(info.error());
            continue;
        }
        if (!wanted(*info)) continue;
        auto& link = links.try_emplace(info->id, make_record(*info, names)).first->second;
        if (!link.pinned) link.pinned.emplace();
        link.pinned->push_back(std::move(pin->path));
    }
    std::vector<record> sorted;
    for (auto& link : links | std::views::values) {
        std::ranges::sort(*link.pinned);
        sorted.push_back(std::move(link));
    }
    return sorted;
}

std::map<bl::link_id, std::vector<std::string>> all_pins(problems& report) {
    std::map<bl::link_id, std::vector<std::string>> all;
    for (auto&& pin : bl::pins()) {
        if (pin)
            all[pin->id].push_back(std::move(pin->path));
        else
            report(pin.error());
    }
    for (auto& paths : all | std::views::values)
        std::ranges::sort(paths);
    return all;
}

void look_for_pins(std::vector<record>& links, problems& report) {
    auto all = all_pins(report);
    for (auto& link : links)
        link.pinned = std::move(all[link.info.id]);
}

void look_for_holders(std::vector<record>& links, problems& report) {
    auto all = report.value_of(bl::holders());
    if (!all) return;
    std::string unseen;
    for (auto& link : links) {
        link.holders = std::move((*all)[link.info.id]);
        if (!link.holders->complete()) unseen = link.holders->unseen;
    }
    if (!unseen.empty()) report.note("there may be more holders: " + unseen);
}

} // namespace tool
