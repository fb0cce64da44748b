// SPDX-License-Identifier: Apache-2.0
#include "pages.hpp"

#include <bpflink/targets.hpp>

#include <variant>

#include <nlohmann/json.hpp>

namespace service {
namespace {

namespace bl = bpflink;
using json = nlohmann::ordered_json;

struct add_target {
    json& to;
    bool is_here; // in this network namespace

    void operator()(std::monostate) const {}
    void operator()(bl::ifindex index) const {
        to["ifindex"] = index.value();
        // An interface of another namespace has a name that cannot be asked for from here.
        if (!is_here) return;
        if (auto name = bl::interface_name_of(index)) to["devname"] = *std::move(name);
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
                   {"type", to_string(link.type)},
                   {"prog_id", link.program.value()}};
        bool const is_here = link.netns && link.netns == now.here;
        std::visit(add_target{entry, is_here}, link.target);
        if (link.attach) entry["attach_type"] = to_string(*link.attach);
        entry["state"] = to_string(state_of(link));
        for (auto const& pin : now.pins)
            if (pin.id == link.id) entry["pinned"].push_back(pin.path);
        page.push_back(std::move(entry));
    }
    return page.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

} // namespace service
