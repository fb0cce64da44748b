// SPDX-License-Identifier: Apache-2.0
#include "target.hpp"

#include "perf_names.hpp"

#include <bpflink/targets.hpp>

#include <array>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/format.h>

namespace tool {
namespace {

namespace bl = bpflink;

std::string device(record const& link, bl::ifindex index) {
    if (index == bl::ifindex{}) return {};
    if (link.device) return fmt::format("{} (ifindex {})", *link.device, index.value());
    return fmt::format("ifindex {}", index.value());
}

std::string cgroup(bl::cgroup_id id) {
    return bl::cgroup_path_of(id).value_or(fmt::format("cgroup id {}", id.value()));
}

std::string map(std::optional<bl::map_id> id) {
    return id ? fmt::format("map {}", id->value()) : std::string{};
}

std::string cookie(std::optional<bl::cookie> value) {
    return value && *value != bl::cookie{} ? fmt::format("cookie {}", value->value())
                                           : std::string{};
}

std::string number(std::size_t count, char const* what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string name_or_number(std::span<std::string_view const> names, std::uint32_t number) {
    if (number < names.size() && !names[number].empty()) return std::string{names[number]};
    return std::to_string(number);
}

std::string netfilter(bl::netfilter_details const& d) {
    // NFPROTO_* and NF_INET_*, by the names that nft gives them.
    constexpr std::array<std::string_view, 11> families{"", "inet",   "ip", "arp", "",   "netdev",
                                                        "", "bridge", "",   "",    "ip6"};
    constexpr std::array<std::string_view, 5> hooks{"prerouting", "input", "forward", "output",
                                                    "postrouting"};
    return fmt::format("{} {} priority {}",
                       name_or_number(families, static_cast<unsigned>(d.protocol_family)),
                       name_or_number(hooks, static_cast<unsigned>(d.hook)), d.priority);
}

/// The parts of the description, some of them empty.
struct parts_of {
    record const& link;

    using parts = std::vector<std::string>;

    parts operator()(bl::raw_tracepoint_details const& d) const {
        return {d.name, cookie(d.cookie)};
    }
    parts operator()(bl::tracing_details const& d) const {
        bool const replaces = link.program_type == bl::program_type::ext;
        parts all;
        if (d.attach) all.push_back(to_string(*d.attach));
        if (d.target_object && *d.target_object != 0)
            all.push_back(
                fmt::format("{} {}", replaces ? "program" : "BTF object", *d.target_object));
        if (d.target && *d.target != bl::btf_id{})
            all.push_back(fmt::format("BTF type {}", d.target->value()));
        all.push_back(cookie(d.cookie));
        return all;
    }
    parts operator()(bl::cgroup_details const& d) const {
        return {d.cgroup_id != bl::cgroup_id{} ? cgroup(d.cgroup_id) : std::string{},
                to_string(d.attach)};
    }
    parts operator()(bl::iter_details const& d) const {
        parts all{d.target_name, map(d.map)};
        if (d.cgroup_id) all.push_back(cgroup(*d.cgroup_id));
        if (d.order) all.push_back(to_string(*d.order));
        if (d.tid) all.push_back(fmt::format("thread {}", *d.tid));
        if (d.pid) all.push_back(fmt::format("process {}", *d.pid));
        return all;
    }
    parts operator()(bl::netns_details const& d) const {
        bool const is_there = d.netns_inode != bl::netns_inode{};
        return {is_there ? fmt::format("netns {}", d.netns_inode.value()) : std::string{},
                to_string(d.attach)};
    }
    parts operator()(bl::xdp_details const& d) const { return {device(link, d.ifindex)}; }
    parts operator()(bl::struct_ops_details const& d) const { return {map(d.map)}; }
    parts operator()(bl::netfilter_details const& d) const {
        return {netfilter(d), d.defragment ? "defragmented" : std::string{}};
    }
    parts operator()(bl::tcx_details const& d) const {
        return {device(link, d.ifindex), to_string(d.attach)};
    }
    parts operator()(bl::netkit_details const& d) const {
        return {device(link, d.ifindex), to_string(d.attach)};
    }
    parts operator()(bl::sockmap_details const& d) const {
        return {map(d.map), to_string(d.attach)};
    }
    parts operator()(bl::perf_event_details const& d) const { return std::visit(*this, d.event); }
    parts operator()(std::monostate) const { return {}; }
    parts operator()(bl::perf_kprobe const& d) const {
        std::string where = d.function;
        if (where.empty() && d.address) where = fmt::format("{:#x}", *d.address);
        if (d.offset != 0) where += fmt::format("+{:#x}", d.offset);
        return {d.retprobe ? "kretprobe" : "kprobe", where, cookie(d.cookie)};
    }
    parts operator()(bl::perf_uprobe const& d) const {
        return {d.retprobe ? "uretprobe" : "uprobe", fmt::format("{}+{:#x}", d.binary, d.offset),
                cookie(d.cookie)};
    }
    parts operator()(bl::perf_tracepoint const& d) const {
        return {"tracepoint", d.name, cookie(d.cookie)};
    }
    parts operator()(bl::perf_counter const& d) const {
        auto const event = name_of(d);
        return {event.type.empty() ? fmt::format("event type {}", d.type) : event.type,
                event.config.empty() ? fmt::format("config {:#x}", d.config) : event.config,
                cookie(d.cookie)};
    }
    parts operator()(bl::kprobe_multi_details const& d) const {
        if (!d.retprobe) return {};
        return {*d.retprobe ? "kretprobe" : "kprobe", number(d.functions.size(), "function")};
    }
    parts operator()(bl::uprobe_multi_details const& d) const {
        if (!d.retprobe) return {};
        return {*d.retprobe ? "uretprobe" : "uprobe", d.binary, number(d.places.size(), "place"),
                d.pid.value_or(0) != 0 ? fmt::format("process {}", *d.pid) : std::string{}};
    }
    parts operator()(bl::tracing_multi_details const& d) const {
        if (!d.attach) return {};
        return {to_string(*d.attach), number(d.functions.size(), "function")};
    }
    parts operator()(bl::unknown_details const&) const { return {}; }
};

} // namespace

std::string target_of(record const& link) {
    std::string text;
    for (auto const& part : std::visit(parts_of{link}, link.info.details)) {
        if (!text.empty() && !part.empty()) text += ", ";
        text += part;
    }
    return text.empty() ? "-" : text;
}

} // namespace tool
