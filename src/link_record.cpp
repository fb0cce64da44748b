// SPDX-License-Identifier: Apache-2.0
#include "record.hpp"

#include <bpflink/link_record.hpp>
#include <bpflink/link_traits.hpp>

namespace bpflink {
namespace {

struct attach_visitor {
    template <class Details>
    std::optional<attach_type> operator()(Details const& details) const {
        if constexpr (requires { details.attach; })
            return details.attach;
        else
            return std::nullopt;
    }
};

struct target_visitor {
    link_target operator()(cgroup_details const& d) const { return cgroup_id{d.cgroup_id}; }
    link_target operator()(netns_details const& d) const { return netns_inode{d.netns_inode}; }
    link_target operator()(xdp_details const& d) const { return d.ifindex; }
    link_target operator()(tcx_details const& d) const { return d.ifindex; }
    link_target operator()(netkit_details const& d) const { return d.ifindex; }
    link_target operator()(struct_ops_details const& d) const { return d.map.value_or(map_id{}); }
    link_target operator()(sockmap_details const& d) const { return d.map.value_or(map_id{}); }
    link_target operator()(iter_details const& d) const {
        if (d.map) return *d.map;
        if (d.cgroup_id) return cgroup_id{*d.cgroup_id};
        return {};
    }
    template <class Other>
    link_target operator()(Other const&) const {
        return {};
    }
};

struct is_set {
    bool operator()(std::monostate) const noexcept { return false; }
    template <class Number>
    bool operator()(Number number) const noexcept {
        return number.value() != 0;
    }
};

} // namespace

link_record record_of(link_info const& info) {
    return {info.id, info.type, info.program,
            attach_type_of(info.type, std::visit(attach_visitor{}, info.details)),
            std::visit(target_visitor{}, info.details)};
}

bool operator==(link_record const& a, link_record const& b) noexcept {
    return a.id == b.id && a.type == b.type && a.program == b.program && a.attach == b.attach &&
           a.target == b.target;
}

link_state state_of(link_record const& record) noexcept {
    auto const* const traits = find_traits(record.type);
    if (!traits) return link_state::unknown;
    if (!traits->detachable) return link_state::attached;
    if (std::holds_alternative<std::monostate>(record.target)) return link_state::unknown;
    return std::visit(is_set{}, record.target) ? link_state::attached : link_state::defunct;
}

link_state state_of(link_info const& info) noexcept {
    return state_of(record_of(info));
}

} // namespace bpflink
