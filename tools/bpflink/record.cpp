// SPDX-License-Identifier: Apache-2.0
#include "record.hpp"

#include <bpflink/program.hpp>

#include <utility>
#include <variant>

namespace tool {

namespace {

struct interface_visitor {
    template <class Details>
    bpflink::ifindex operator()(Details const& details) const {
        if constexpr (requires { details.ifindex; })
            return details.ifindex;
        else
            return {};
    }
};

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

bpflink::link_info info_of(bpflink::link_record const& link) {
    return {link.type, link.id, link.program, details_of(link)};
}

record make_record(bpflink::link_info info, interfaces& here) {
    auto device = here.name_for(info.id, std::visit(interface_visitor{}, info.details));
    record made{std::move(info), std::nullopt, std::move(device), std::nullopt};
    // Links of this kind are on functions of the kernel or of programs, as entry, exit, LSM hook or
    // replacement: only the program's type tells some of them apart.
    if (made.info.type == bpflink::link_type::tracing)
        if (auto const program = bpflink::program::from_id(made.info.program))
            made.program_type = program->type();
    return made;
}

} // namespace tool
