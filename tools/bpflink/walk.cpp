// SPDX-License-Identifier: Apache-2.0
#include "walk.hpp"

#include "pinned.hpp"

#include <bpflink/link.hpp>
#include <bpflink/views/adaptors.hpp>
#include <bpflink/views/infos.hpp>
#include <bpflink/views/snapshot.hpp>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <ranges>
#include <utility>

namespace tool {
namespace {

namespace bl = bpflink;

/// Whether a link may not be opened by its id, where the walk itself may go on.
bool is_kept(bl::error const& e) {
    return e.where() == bl::operation::link_get_fd_by_id && e == bl::errc::permission_denied;
}

/// Adds the links that a security module keeps from being opened, by what a snapshot tells.
void add_kept(std::vector<record>& links, predicate const& wanted, interfaces& here,
              bl::error const& why, problems& report) {
    auto const all = bl::snapshot();
    if (!all) return report(why);
    auto const id_of = [](record const& link) { return link.info.id; };
    auto const known = std::ssize(links);
    for (auto const& each : *all) {
        auto info = info_of(each);
        if (!wanted(info) || std::ranges::find(links, info.id, id_of) != links.end()) continue;
        links.push_back(make_record(std::move(info), here));
    }
    std::ranges::inplace_merge(links, links.begin() + known, {}, id_of);
}

} // namespace

std::vector<record> all_links(predicate const& wanted, problems& report) {
    std::vector<record> links;
    std::optional<bl::error> kept;
    interfaces here;
    for (auto&& info : bl::infos() | std::views::filter(bl::where(wanted))) {
        if (info)
            links.push_back(make_record(*std::move(info), here));
        else if (is_kept(info.error()))
            kept = info.error();
        else
            report(info.error());
    }
    if (kept) add_kept(links, wanted, here, *kept, report);
    return links;
}

std::vector<record> pinned_links(predicate const& wanted, problems& report) {
    std::map<bl::link_id, record> links;
    interfaces here;
    auto const add = [&](bl::pin_entry pin) {
        auto info = bl::link::load_pinned(pin.path).and_then(&bl::link::info);
        if (!info && info.error() == bl::errc::not_found) return; // unpinned meanwhile
        if (!info) return report(info.error());
        if (!wanted(*info)) return;
        auto& link = links.try_emplace(info->id, make_record(*info, here)).first->second;
        if (!link.pinned) link.pinned.emplace();
        link.pinned->push_back(std::move(pin.path));
    };
    for_each_pin(add, std::ref(report));
    std::vector<record> sorted;
    for (auto& link : links | std::views::values) {
        std::ranges::sort(*link.pinned);
        sorted.push_back(std::move(link));
    }
    return sorted;
}

std::vector<std::string> pins_of(bl::link_id id, problems& report) {
    std::vector<std::string> paths;
    auto const add = [&](bl::pin_entry pin) {
        if (pin.id == id) paths.push_back(std::move(pin.path));
    };
    for_each_pin(add, std::ref(report));
    std::ranges::sort(paths);
    return paths;
}

} // namespace tool
