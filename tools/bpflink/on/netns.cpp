// SPDX-License-Identifier: Apache-2.0
#include "attached.hpp"
#include "facts.hpp"
#include "record.hpp"
#include "walk.hpp"

#include <bpflink/hook/netns.hpp>
#include <bpflink/query.hpp>
#include <bpflink/targets.hpp>

#include <algorithm>
#include <tuple>
#include <utility>
#include <variant>

#include <fcntl.h>

namespace tool::on {
namespace {

namespace bl = bpflink;

std::optional<bl::link_id> link_of(bl::attach_type hook, bl::program_id program,
                                   std::vector<record> const& links) {
    for (auto const& link : links) {
        auto const* const details = std::get_if<bl::netns_details>(&link.info.details);
        if (details && details->attach == hook && link.info.program == program) return link.info.id;
    }
    return std::nullopt;
}

auto order_of(record const& link) {
    auto const& d = std::get<bl::netfilter_details>(link.info.details);
    return std::tuple{d.protocol_family, d.hook, d.priority};
}

} // namespace

void add_netns(std::string const& path, programs& to, problems& report) {
    auto const inode = report.value_of(bl::netns_inode_of(path));
    if (!inode) return;
    bl::unique_fd const netns{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    lookup names;
    auto links = all_links(
        [](bl::link_info const& info) {
            return info.type == bl::link_type::netns || info.type == bl::link_type::netfilter;
        },
        names, report);
    std::erase_if(links, [&](record const& link) { return link.netns != inode; });

    for (auto const hook : bl::hook_traits<bl::hook::netns>::attach_types) {
        auto const found = bl::query(bl::hook::netns{.netns = netns, .attach = hook});
        if (!found && is_absent(found.error())) continue;
        if (!found) {
            report(found.error());
            continue;
        }
        for (auto const& entry : found->entries) {
            auto const link = link_of(hook, entry.program, links);
            to.push_back({to_string(hook), entry.program, link, {}, link ? "" : not_a_link});
        }
    }
    std::erase_if(links, [](record const& link) {
        return !std::holds_alternative<bl::netfilter_details>(link.info.details);
    });
    std::ranges::sort(links, {}, order_of);
    for (auto const& link : links)
        to.push_back({"netfilter", link.info.program, link.info.id, target_of(link)});
}

} // namespace tool::on
