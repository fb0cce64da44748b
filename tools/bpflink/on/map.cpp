// SPDX-License-Identifier: Apache-2.0
#include "attached.hpp"
#include "two_looks.hpp"

#include <bpflink/find_links.hpp>
#include <bpflink/hook/sockmap.hpp>
#include <bpflink/query.hpp>

#include <utility>
#include <vector>

namespace tool::on {
namespace {

namespace bl = bpflink;

/// A program of a sockmap.
struct verdict {
    bl::attach_type hook;
    bl::program_id program;
};

void ask(bl::attach_type hook, bl::map_ref map, std::vector<verdict>& to, problems& report) {
    auto const found = bl::query(bl::hook::sockmap{.map = map, .attach = hook});
    // hook_busy: a verdict of the other kind, which its own query tells.
    if (!found && (is_absent(found.error()) || found.error() == bl::errc::hook_busy)) return;
    if (!found) return report(found.error());
    for (auto const& entry : found->entries)
        to.push_back({hook, entry.program});
}

} // namespace

void add_map(bl::map_id map, bl::fd_view fd, programs& to, problems& report) {
    two_looks links{.before = report.value_of(bl::find_links(map))};
    auto const borrowed = report.value_of(bl::map_ref::from_fd(fd));
    if (!links.before || !borrowed) return;
    std::vector<verdict> verdicts;
    for (auto const hook : bl::hook_traits<bl::hook::sockmap>::attach_types)
        ask(hook, *borrowed, verdicts, report);
    links.after = report.value_of(bl::find_links(map));
    if (!links.after) return;
    for (auto const& each : verdicts) {
        auto& one = to.emplace_back(attached{to_string(each.hook), each.program, std::nullopt});
        links.give_link(one, std::nullopt,
                        [&](bl::link_record const& link) { return link.attach == each.hook; });
    }
    for (auto const& link : *links.after)
        to.push_back({to_string(link.type), link.program, link.id});
}

} // namespace tool::on
