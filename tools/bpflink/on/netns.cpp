// SPDX-License-Identifier: Apache-2.0
#include "attached.hpp"
#include "facts.hpp"
#include "record.hpp"
#include "two_looks.hpp"
#include "walk.hpp"

#include <bpflink/find_links.hpp>
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

/// flow_dissector and sk_lookup; a program's type fits one of the two alone.
void add_dispatchers(std::string const& path, bl::netns_inode inode, programs& to,
                     problems& report) {
    bl::unique_fd const netns{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    two_looks links{.before = report.value_of(bl::find_links(inode))};
    programs all;
    for (auto const hook : bl::hook_traits<bl::hook::netns>::attach_types) {
        auto const found = bl::query(bl::hook::netns{.netns = netns, .attach = hook});
        if (!found && is_absent(found.error())) continue;
        if (!found) {
            report(found.error());
            continue;
        }
        for (auto const& entry : found->entries)
            all.push_back({to_string(hook), entry.program, std::nullopt});
    }
    links.after = report.value_of(bl::find_links(inode));
    for (auto& each : all) {
        links.give_link(each, std::nullopt, [](bl::link_record const& link) {
            return link.type == bl::link_type::netns;
        });
        to.push_back(std::move(each));
    }
}

auto order_of(record const& link) {
    auto const& d = std::get<bl::netfilter_details>(link.info.details);
    return std::tuple{d.protocol_family, d.hook, d.priority};
}

void add_netfilter(bl::netns_inode inode, programs& to, problems& report) {
    lookup names;
    auto links =
        all_links([](bl::link_info const& info) { return info.type == bl::link_type::netfilter; },
                  names, report);
    std::erase_if(links, [&](record const& link) { return link.netns != inode; });
    std::ranges::sort(links, {}, order_of);
    for (auto const& link : links)
        to.push_back({"netfilter", link.info.program, link.info.id, target_of(link)});
}

} // namespace

void add_netns(std::string const& path, programs& to, problems& report) {
    auto const inode = report.value_of(bl::netns_inode_of(path));
    if (!inode) return;
    add_dispatchers(path, *inode, to, report);
    add_netfilter(*inode, to, report);
}

} // namespace tool::on
