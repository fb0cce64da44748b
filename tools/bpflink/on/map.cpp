// SPDX-License-Identifier: Apache-2.0
#include "attached.hpp"

#include <bpflink/find_links.hpp>
#include <bpflink/hook/sockmap.hpp>
#include <bpflink/query.hpp>

#include <algorithm>
#include <utility>

namespace tool::on {
namespace {

namespace bl = bpflink;

void add_sockmap(bl::attach_type hook, bl::map_ref map, std::vector<bl::link_record>& links,
                 programs& to, problems& report) {
    auto const found = bl::query(bl::hook::sockmap{.map = map, .attach = hook});
    // hook_busy: a verdict of the other kind, which its own query tells.
    if (!found && (is_absent(found.error()) || found.error() == bl::errc::hook_busy)) return;
    if (!found) return report(found.error());
    for (auto const& entry : found->entries) {
        auto const link = std::ranges::find_if(links, [&](bl::link_record const& each) {
            return each.attach == hook && each.program == entry.program;
        });
        bool const is_link = link != links.end();
        to.push_back({to_string(hook),
                      entry.program,
                      is_link ? std::optional{link->id} : std::nullopt,
                      {},
                      is_link ? "" : not_a_link});
        if (is_link) links.erase(link);
    }
}

} // namespace

void add_map(bl::map_id map, bl::fd_view fd, programs& to, problems& report) {
    auto links = report.value_of(bl::find_links(map));
    auto const borrowed = report.value_of(bl::map_ref::from_fd(fd));
    if (!links || !borrowed) return;
    for (auto const hook : bl::hook_traits<bl::hook::sockmap>::attach_types)
        add_sockmap(hook, *borrowed, *links, to, report);
    for (auto const& link : *links)
        to.push_back({to_string(link.type), link.program, link.id});
}

} // namespace tool::on
