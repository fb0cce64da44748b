// SPDX-License-Identifier: Apache-2.0
#include "record.hpp"

#include <bpflink/link.hpp>

#include <utility>
#include <variant>

namespace tool {
namespace {

bpflink::link_details details_of(bpflink::link_record const& link) {
    namespace bl = bpflink;
    auto const attach = link.attach.value_or(bl::attach_type{});
    auto const map = [&](bl::map_id id) {
        return id == bl::map_id{} ? std::nullopt : std::optional{id};
    };
    switch (link.type) {
    case bl::link_type::xdp: return bl::xdp_details{std::get<bl::ifindex>(link.target)};
    case bl::link_type::tcx: return bl::tcx_details{std::get<bl::ifindex>(link.target), attach};
    case bl::link_type::netkit:
        return bl::netkit_details{std::get<bl::ifindex>(link.target), attach};
    case bl::link_type::cgroup:
        return bl::cgroup_details{std::get<bl::cgroup_id>(link.target), attach};
    case bl::link_type::netns:
        return bl::netns_details{std::get<bl::netns_inode>(link.target), attach};
    case bl::link_type::struct_ops:
        return bl::struct_ops_details{map(std::get<bl::map_id>(link.target))};
    case bl::link_type::sockmap:
        return bl::sockmap_details{map(std::get<bl::map_id>(link.target)), attach};
    default: return bl::unknown_details{};
    }
}

} // namespace

bool may_have_netns(bpflink::link_type type) noexcept {
    using enum bpflink::link_type;
    return type == xdp || type == tcx || type == netkit || type == netfilter || type == netns;
}

bpflink::link_info info_of(bpflink::link_record const& link) {
    return {link.type, link.id, link.program, details_of(link)};
}

record make_record(bpflink::link_info info, lookup& names) {
    namespace bl = bpflink;
    record made{.info = std::move(info)};
    auto const& link = made.info;
    auto place = bl::record_of(link);
    if (may_have_netns(link.type)) {
        if (!place.netns) place.netns = names.netns(link.id);
        made.netns = place.netns;
    }
    made.state = bl::state_of(place);
    made.program = names.program(link.program);
    if (auto const* const index = std::get_if<bl::ifindex>(&place.target))
        made.device = names.device(link.id, *index);
    if (auto const* const id = std::get_if<bl::cgroup_id>(&place.target))
        made.cgroup = names.cgroup(*id);
    if (made.netns && !names.is_here(*made.netns)) made.elsewhere = names.netns_name(*made.netns);
    return made;
}

record make_record(bpflink::link_record const& link, lookup& names) {
    names.learn(link);
    auto info = bpflink::link::from_id(link.id).and_then(&bpflink::link::info);
    return make_record(info ? *std::move(info) : info_of(link), names);
}

} // namespace tool
