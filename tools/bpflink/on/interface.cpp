// SPDX-License-Identifier: Apache-2.0
#include "attached.hpp"
#include "tc.hpp"
#include "two_looks.hpp"

#include <bpflink/attach_type.hpp>
#include <bpflink/hook/netkit.hpp>
#include <bpflink/hook/tcx.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/in_netns.hpp>
#include <bpflink/query.hpp>
#include <bpflink/views/snapshot.hpp>

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace tool::on {
namespace {

namespace bl = bpflink;

char const* name_of(bl::xdp_mode mode) {
    switch (mode) {
    case bl::xdp_mode::generic: return "generic";
    case bl::xdp_mode::driver: return "driver";
    case bl::xdp_mode::offload: return "offload";
    case bl::xdp_mode::automatic: break;
    }
    return "";
}

/// Whether a link is of XDP, on an interface of this index.
bool is_xdp_on(bl::ifindex index, bl::link_record const& link) {
    return link.type == bl::link_type::xdp && std::get<bl::ifindex>(link.target) == index;
}

attached of_xdp(bl::hook_query::entry const& entry, interface_place const& where,
                two_looks& links) {
    attached found{"xdp", entry.program, std::nullopt};
    if (entry.mode) found.from = name_of(*entry.mode);
    links.give_link(found, std::nullopt, [&](bl::link_record const& link) {
        return is_xdp_on(where.index, link) && link.netns == where.netns;
    });
    auto const may_be_its = [&](bl::link_record const& link) {
        return link.type == bl::link_type::unspec ||
               (is_xdp_on(where.index, link) && link.program == entry.program && !link.netns);
    };
    if (found.unseen && (std::ranges::any_of(*links.before, may_be_its) ||
                         std::ranges::any_of(*links.after, may_be_its))) {
        found.note = perhaps_a_link;
        found.unseen.reset();
    }
    return found;
}

void add_xdp(interface_place const& where, programs& to, problems& report) {
    two_looks links{.before = report.value_of(bl::snapshot())};
    auto const xdp = report.value_of(bl::query(bl::hook::xdp{.ifindex = where.index}));
    if (!xdp || xdp->entries.empty()) return;
    links.after = report.value_of(bl::snapshot());
    for (auto const& entry : xdp->entries)
        to.push_back(of_xdp(entry, where, links));
}

template <class Hook>
void add_ordered(Hook const& where, programs& to, problems& report) {
    auto const found = bl::query(where);
    if (!found && is_absent(found.error())) return;
    if (!found) return report(found.error());
    for (auto const& entry : found->entries)
        to.push_back({to_string(*where.attach),
                      entry.program,
                      entry.link,
                      {},
                      entry.link ? "" : not_a_link});
}

void add_filters(char const* hook, std::vector<tc_filter> const& filters, programs& to) {
    for (auto const& each : filters) {
        auto from = fmt::format("priority {} handle {:#x}", each.priority, each.handle);
        if (each.chain != 0) from = fmt::format("chain {} {}", each.chain, from);
        to.push_back({hook, each.program, std::nullopt, std::move(from),
                      each.is_direct ? not_a_link : "not a link, classifies"});
    }
}

void add_here(interface_place const& where, programs& to, problems& report) {
    add_xdp(where, to, report);
    using enum bl::attach_type;
    auto const filters = report.value_of(tc_filters_of(where.index)).value_or(tc_filters{});
    // The kernel runs tcx first, and the filters where that leaves the packet to the next.
    add_ordered(bl::hook::tcx{.ifindex = where.index, .attach = tcx_ingress}, to, report);
    add_filters("tc_ingress", filters.ingress, to);
    add_ordered(bl::hook::tcx{.ifindex = where.index, .attach = tcx_egress}, to, report);
    add_filters("tc_egress", filters.egress, to);
    for (auto const side : {netkit_primary, netkit_peer})
        add_ordered(bl::hook::netkit{.ifindex = where.index, .attach = side}, to, report);
}

} // namespace

bool is_absent(bl::error const& e) {
    return e == bl::errc::not_supported || e == bl::errc::invalid_argument;
}

void add_interface(interface_place const& where, programs& to, problems& report) {
    if (where.netns_path.empty()) return add_here(where, to, report);
    auto const stayed = bl::in_netns(where.netns_path, [&] { add_here(where, to, report); });
    if (!stayed) report(stayed.error());
}

} // namespace tool::on
