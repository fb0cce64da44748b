// SPDX-License-Identifier: Apache-2.0
#include "json.hpp"

#include "perf_names.hpp"

#include <bpflink/link_traits.hpp>

#include <utility>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tool {
namespace {

namespace bl = bpflink;
using json = nlohmann::ordered_json;

/// The name of a kernel's constant, or its number where there is no name for it.
template <class Enum>
json name_or_number(Enum value) {
    auto const number = static_cast<unsigned>(value);
    auto name = to_string(value);
    if (name == fmt::format("unknown({})", number)) return number;
    return name;
}

struct add_details {
    record const& link;
    json& to;

    void operator()(bl::raw_tracepoint_details const& d) const {
        to["tp_name"] = d.name;
        add("cookie", d.cookie);
    }
    void operator()(bl::tracing_details const& d) const {
        if (link.program_type) to["prog_type"] = name_or_number(*link.program_type);
        if (d.attach) to["attach_type"] = name_or_number(*d.attach);
        if (d.target_object) to["target_obj_id"] = *d.target_object;
        add("target_btf_id", d.target);
        add("cookie", d.cookie);
    }
    void operator()(bl::cgroup_details const& d) const {
        to["cgroup_id"] = d.cgroup_id.value();
        to["attach_type"] = name_or_number(d.attach);
    }
    void operator()(bl::iter_details const& d) const {
        to["target_name"] = d.target_name;
        add("map_id", d.map);
        add("cgroup_id", d.cgroup_id);
        if (d.order) to["order"] = name_or_number(*d.order);
        if (d.tid) to["tid"] = *d.tid;
        if (d.pid) to["pid"] = *d.pid;
    }
    void operator()(bl::netns_details const& d) const {
        to["netns_ino"] = d.netns_inode.value();
        to["attach_type"] = name_or_number(d.attach);
    }
    void operator()(bl::xdp_details const& d) const { add_device(d.ifindex); }
    void operator()(bl::struct_ops_details const& d) const { add_map(d.map); }
    void operator()(bl::netfilter_details const& d) const {
        to["pf"] = static_cast<unsigned>(d.protocol_family);
        to["hook"] = static_cast<unsigned>(d.hook);
        to["prio"] = d.priority;
        to["flags"] = d.defragment ? 1 : 0; // BPF_F_NETFILTER_IP_DEFRAG
    }
    void operator()(bl::tcx_details const& d) const {
        add_device(d.ifindex);
        to["attach_type"] = name_or_number(d.attach);
    }
    void operator()(bl::netkit_details const& d) const {
        add_device(d.ifindex);
        to["attach_type"] = name_or_number(d.attach);
    }
    void operator()(bl::sockmap_details const& d) const {
        add_map(d.map);
        to["attach_type"] = name_or_number(d.attach);
    }
    void operator()(bl::perf_event_details const& d) const { std::visit(*this, d.event); }
    void operator()(std::monostate) const {}
    void operator()(bl::perf_kprobe const& d) const {
        to["retprobe"] = d.retprobe;
        to["addr"] = d.address.value_or(0);
        to["func"] = d.function;
        to["offset"] = d.offset;
        if (d.missed) to["missed"] = *d.missed;
        add("cookie", d.cookie);
    }
    void operator()(bl::perf_uprobe const& d) const {
        to["retprobe"] = d.retprobe;
        to["file"] = d.binary;
        to["offset"] = d.offset;
        add("cookie", d.cookie);
        if (d.ref_ctr_offset) to["ref_ctr_offset"] = *d.ref_ctr_offset;
    }
    void operator()(bl::perf_tracepoint const& d) const {
        to["tracepoint"] = d.name;
        add("cookie", d.cookie);
    }
    void operator()(bl::perf_counter const& d) const {
        auto const event = name_of(d);
        to["event_type"] = event.type.empty() ? json(d.type) : json(event.type);
        to["event_config"] = event.config.empty() ? json(d.config) : json(event.config);
        add("cookie", d.cookie);
    }
    void operator()(bl::kprobe_multi_details const& d) const {
        if (!d.retprobe) return;
        to["retprobe"] = *d.retprobe;
        to["func_cnt"] = d.functions.size();
        if (d.missed) to["missed"] = *d.missed;
        auto& functions = to["funcs"] = json::array();
        for (auto const& function : d.functions) {
            json one{{"addr", function.address.value_or(0)}};
            if (function.cookie) one["cookie"] = function.cookie->value();
            functions.push_back(std::move(one));
        }
    }
    void operator()(bl::uprobe_multi_details const& d) const {
        if (!d.retprobe) return;
        to["retprobe"] = *d.retprobe;
        to["path"] = d.binary;
        to["func_cnt"] = d.places.size();
        if (d.pid) to["pid"] = *d.pid;
        auto& functions = to["funcs"] = json::array();
        for (auto const& place : d.places)
            functions.push_back({{"offset", place.offset},
                                 {"ref_ctr_offset", place.ref_ctr_offset},
                                 {"cookie", place.cookie.value()}});
    }
    void operator()(bl::tracing_multi_details const& d) const {
        if (d.attach) to["attach_type"] = name_or_number(*d.attach);
        if (!d.btf_object) return;
        to["target_obj_id"] = *d.btf_object;
        to["func_cnt"] = d.functions.size();
        auto& functions = to["funcs"] = json::array();
        for (auto const& function : d.functions)
            functions.push_back({{"target_btf_id", function.target.value()},
                                 {"addr", function.address.value_or(0)},
                                 {"cookie", function.cookie.value()}});
    }
    void operator()(bl::unknown_details const&) const {}

private:
    template <class Id>
    void add(char const* key, std::optional<Id> id) const {
        if (id) to[key] = id->value();
    }
    void add_map(std::optional<bl::map_id> map) const {
        to["map_id"] = map.value_or(bl::map_id{}).value();
    }
    void add_device(bl::ifindex index) const {
        to["devname"] = index == bl::ifindex{} ? "(detached)" : link.device.value_or("(unknown)");
        to["ifindex"] = index.value();
    }
};

} // namespace

std::string to_json(record const& link) {
    auto const& info = link.info;
    json object{{"id", info.id.value()},
                {"type", name_or_number(info.type)},
                {"prog_id", info.program.value()}};
    std::visit(add_details{link, object}, info.details);
    object["state"] = to_string(state_of(info));
    if (link.pinned) object["pinned"] = *link.pinned;
    return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string to_json(std::vector<record> const& links) {
    std::string text = "[";
    for (auto const& link : links) {
        if (text.size() > 1) text += ",\n ";
        text += to_json(link);
    }
    return text + "]";
}

} // namespace tool
