// SPDX-License-Identifier: Apache-2.0
#include "pages.hpp"

#include <algorithm>
#include <initializer_list>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include <bpf/libbpf.h>

namespace service {
namespace bl = bpflink;

bl::result<view> look(bl::snapshotter& links) {
    view now;
    if (auto const here = bl::netns_inode_of("/proc/thread-self/ns/net")) now.here = *here;
    co_await links.take(now.links);
    now.unreadable = static_cast<int>(links.unseen().size());
    for (auto&& pin : bl::pins())
        if (pin)
            now.pins.push_back(*std::move(pin));
        else
            ++now.unreadable;
    for (auto const& link : now.links) {
        if (link.type != bl::link_type::kprobe_multi && link.type != bl::link_type::perf_event)
            continue;
        auto info = bl::link::from_id(link.id).and_then([](bl::link const& l) { return l.info(); });
        if (info)
            now.probes.push_back(*std::move(info));
        else if (info.error() != bl::errc::not_found) // it vanished meanwhile
            ++now.unreadable;
    }
    co_return now;
}

namespace {

using json = nlohmann::ordered_json;

/// The name, or its number where it has none.
template <class Enum>
json name_or_number(Enum value) {
    auto name = to_string(value);
    auto const number = static_cast<unsigned>(value);
    return name == "unknown(" + std::to_string(number) + ")" ? json(number) : json(name);
}

/// Whether the links of a kind differ in it.
bool has_attach_types(bl::link_type type) {
    using enum bl::link_type;
    return std::ranges::count(
               std::initializer_list{tracing, cgroup, netns, tcx, netkit, sockmap, tracing_multi},
               type) != 0;
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
        auto& entry = page.emplace_back(json{{"id", link.id.value()},
                                             {"type", name_or_number(link.type)},
                                             {"prog_id", link.program.value()}});
        bool const is_here = link.netns && link.netns == now.here;
        std::visit(add_target{entry, is_here}, link.target);
        if (link.attach && has_attach_types(link.type))
            entry["attach_type"] = name_or_number(*link.attach);
        entry["state"] = to_string(state_of(link));
        for (auto const& pin : now.pins)
            if (pin.id == link.id) entry["pinned"].push_back(pin.path);
    }
    return page.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

namespace {

/// How often a probe could not run, where the kernel tells, and the probe's name, where it has one.
struct add_missed {
    prometheus::Family<prometheus::Counter>& to;
    prometheus::Labels of;

    void add(std::optional<std::uint64_t> const& count) {
        if (count) to.Add(of).Increment(static_cast<double>(*count));
    }
    void operator()(bl::perf_kprobe const& d) {
        if (!d.function.empty()) of["function"] = d.function;
        add(d.missed);
    }
    void operator()(bl::kprobe_multi_details const& d) { add(d.missed); }
    void operator()(bl::perf_event_details const& d) { std::visit(*this, d.event); }
    template <class Other>
    void operator()(Other const&) {}
};

} // namespace

std::string metrics_page(view const& now, status const& of) {
    prometheus::Registry all;
    auto const family = [&](auto builder, char const* name, char const* help) -> auto& {
        return builder.Name(std::string{"bpflink_service_"} + name).Help(help).Register(all);
    };
    auto const gauges = [&](char const* name, char const* help) -> auto& {
        return family(prometheus::BuildGauge(), name, help);
    };
    auto const counters = [&](char const* name, char const* help) -> auto& {
        return family(prometheus::BuildCounter(), name, help);
    };

    auto& links = gauges("links", "BPF links in the kernel");
    auto& defunct =
        gauges("defunct_links", "BPF links whose target is gone, or that were detached").Add({});
    using state = bl::link_state;
    for (auto const& link : now.links) {
        for (auto const each : {state::attached, state::defunct, state::unknown})
            links.Add({{"type", to_string(link.type)}, {"state", to_string(each)}})
                .Increment(state_of(link) == each);
        defunct.Increment(state_of(link) == state::defunct);
    }
    auto& pins = gauges("link_pins", "Pins of BPF links on every bpffs that is mounted here");
    for (auto const& pin : now.pins)
        pins.Add({{"type", to_string(pin.type)}}).Increment();
    gauges("unreadable", "Links and pins that could not be read").Add({}).Set(now.unreadable);
    auto& missed = counters("link_missed_total", "Runs of a probe that the kernel left out");
    for (auto const& probe : now.probes)
        std::visit(add_missed{missed,
                              {{"link", std::to_string(probe.id.value())},
                               {"type", to_string(probe.type)}}},
                   probe.details);

    bool const is_attached = of.link && state_of(*of.link) == state::attached;
    bool const is_pinned = of.link && std::ranges::any_of(now.pins, [&](bl::pin_entry const& pin) {
                               return pin.path == of.pin && pin.id == of.link->id;
                           });
    prometheus::Labels const on{{"interface", of.interface}};
    gauges("attached", "Whether the program is on the interface").Add(on).Set(is_attached);
    gauges("pinned", "Whether the link has its pin").Add(on).Set(is_pinned);
    gauges("program_id", "The program that runs; 0 for none")
        .Add(on)
        .Set(is_attached ? of.link->program.value() : 0);
    auto const add_each = [](auto& to, char const* label, auto counts, auto... each) {
        (to.Add({{label, to_string(each)}}).Increment(static_cast<double>(counts[each])), ...);
    };
    using step = bl::step_kind;
    add_each(counters("steps_total", "What was done to have the link as it is wanted"), "step",
             of.steps, step::create, step::update, step::keep, step::recreate, step::remove);
    using change = bl::link_change;
    add_each(counters("link_events_total", "What happened to links in the kernel"), "event",
             of.events, change::created, change::removed, change::updated, change::defunct);
    auto& packets = counters("packets_total", "Packets by the counters of the program");
    for (std::size_t i = 0; i != of.packets.size(); ++i)
        packets.Add({{"counter", std::to_string(i)}}).Increment(static_cast<double>(of.packets[i]));
    gauges("last_reload_successful", "Whether the last reload succeeded")
        .Add({})
        .Set(of.is_reloaded);
    gauges("last_reload_success_timestamp_seconds",
           "When the last start or reload was that succeeded")
        .Add({})
        .Set(std::chrono::duration<double>{of.reloaded.time_since_epoch()}.count());
    counters("failures_total", "Checks and reloads that failed")
        .Add({})
        .Increment(static_cast<double>(of.failed));
    gauges("build_info", "1, with the versions of the libraries")
        .Add({{"version", version_text()}, {"libbpf", ::libbpf_version_string()}})
        .Set(1);
    return prometheus::TextSerializer{}.Serialize(all.Collect());
}

std::string version_text() {
    auto const [major, minor, patch] = bl::version();
    return std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
}

} // namespace service
