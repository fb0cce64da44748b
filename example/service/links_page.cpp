// SPDX-License-Identifier: Apache-2.0
#include "pages.hpp"

#include <bpflink/targets.hpp>

#include <string>
#include <variant>

#include <nlohmann/json.hpp>

namespace service {
namespace {

namespace bl = bpflink;
using json = nlohmann::ordered_json;

/// The name, or its number where it has none.
template <class Enum>
json name_or_number(Enum value) {
    auto name = to_string(value);
    auto const number = static_cast<unsigned>(value);
    if (name == "unknown(" + std::to_string(number) + ")") return number;
    return name;
}

/// Whether the links of a kind differ in it.
bool has_attach_types(bl::link_type type) {
    switch (type) {
    case bl::link_type::tracing:
    case bl::link_type::cgroup:
    case bl::link_type::netns:
    case bl::link_type::tcx:
    case bl::link_type::netkit:
    case bl::link_type::sockmap:
    case bl::link_type::tracing_multi: return true;
    default: return false;
    }
}

struct add_target {
    json& to;
    bool is_here; // in this network namespace

    void operator()(std::monostate) const {}
    void operator()(bl::ifindex index) const {
        // An interface of another namespace has a name that cannot be asked for from here.
        auto const name = is_here ? bl::interface_name_of(index).value_or("") : "";
        to["devname"] = index == bl::ifindex{} ? "(detached)" : name.empty() ? "(unknown)" : name;
        to["ifindex"] = index.value();
    }
    void operator()(bl::cgroup_id id) const { to["cgroup_id"] = id.value(); }
    void operator()(bl::netns_inode inode) const { to["netns_ino"] = inode.value(); }
    void operator()(bl::map_id id) const { to["map_id"] = id.value(); }
};

} // namespace

std::string links_page(view const& now) {
    auto page = json::array();
    for (auto const& link : now.links) {
        json entry{{"id", link.id.value()},
                   {"type", name_or_number(link.type)},
                   {"prog_id", link.program.value()}};
        bool const is_here = link.netns && link.netns == now.here;
        std::visit(add_target{entry, is_here}, link.target);
        if (link.attach && has_attach_types(link.type))
            entry["attach_type"] = name_or_number(*link.attach);
        entry["state"] = to_string(state_of(link));
        for (auto const& pin : now.pins)
            if (pin.id == link.id) entry["pinned"].push_back(pin.path);
        page.push_back(std::move(entry));
    }
    return page.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

} // namespace service
