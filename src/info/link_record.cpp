// SPDX-License-Identifier: Apache-2.0
#include "info/record.hpp"

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
    link_target operator()(cgroup_details const& d) const { return d.cgroup_id; }
    link_target operator()(netns_details const& d) const { return d.netns_inode; }
    link_target operator()(xdp_details const& d) const { return d.ifindex; }
    link_target operator()(tcx_details const& d) const { return d.ifindex; }
    link_target operator()(netkit_details const& d) const { return d.ifindex; }
    link_target operator()(struct_ops_details const& d) const { return d.map.value_or(map_id{}); }
    link_target operator()(sockmap_details const& d) const { return d.map.value_or(map_id{}); }
    link_target operator()(iter_details const& d) const {
        if (d.map) return *d.map;
        if (d.cgroup_id) return *d.cgroup_id;
        return {};
    }
    template <class Other>
    link_target operator()(Other const&) const {
        return {};
    }
};

/// The namespace as far as the kernel's info tells it: that of netns links, and that there is none
/// any more.
std::optional<netns_inode> netns_of(link_target const& target) {
    if (auto const* const on = std::get_if<netns_inode>(&target)) return *on;
    if (auto const* const on = std::get_if<ifindex>(&target); on && on->value() == 0)
        return netns_inode{};
    return std::nullopt;
}

struct is_set {
    bool operator()(std::monostate) const noexcept { return false; }
    template <class Number>
    bool operator()(Number number) const noexcept {
        return number.value() != 0;
    }
};

} // namespace

link_record record_of(link_info const& info) {
    auto const target = std::visit(target_visitor{}, info.details);
    return {info.id,      info.type,
            info.program, attach_type_of(info.type, std::visit(attach_visitor{}, info.details)),
            target,       netns_of(target)};
}

bool operator==(link_record const& a, link_record const& b) noexcept {
    return a.id == b.id && a.type == b.type && a.program == b.program && a.attach == b.attach &&
           a.target == b.target && a.netns == b.netns;
}

link_state state_of(link_record const& record) noexcept {
    auto const* const traits = find_traits(record.type);
    if (!traits) return link_state::unknown;
    if (!traits->detachable) return link_state::attached;
    bool const hangs_on_netns = std::holds_alternative<std::monostate>(record.target);
    if (hangs_on_netns && !record.netns) return link_state::unknown;
    bool const is_there =
        hangs_on_netns ? is_set{}(*record.netns) : std::visit(is_set{}, record.target);
    return is_there ? link_state::attached : link_state::defunct;
}

link_state state_of(link_info const& info) noexcept {
    return state_of(record_of(info));
}

} // namespace bpflink
