// SPDX-License-Identifier: Apache-2.0
#include "pages.hpp"

#include <bpflink/version.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <prometheus/text_serializer.h>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <bpf/libbpf.h>

namespace service {
namespace {

namespace bl = bpflink;
using labels = std::vector<prometheus::ClientMetric::Label>;
using kind = prometheus::MetricType;

/// Families of metrics. Values go to the one that was begun last.
class exposition {
public:
    void begin(kind type, std::string name, std::string help) {
        families_.push_back({"bpflink_service_" + std::move(name), std::move(help), type, {}});
    }
    template <class Number>
    void add(Number value, labels with = {}) {
        auto& metric = families_.back().metric.emplace_back();
        metric.label = std::move(with);
        metric.counter.value = metric.gauge.value = static_cast<double>(value); // it is one of them
    }
    /// A value of each of these, by the name that it has.
    template <class What>
    void add_each(std::string const& label, std::map<What, std::uint64_t> const& counts,
                  std::initializer_list<What> all) {
        for (auto const each : all) {
            auto const at = counts.find(each);
            add(at == counts.end() ? 0 : at->second, {{label, to_string(each)}});
        }
    }
    [[nodiscard]] std::string text() const {
        return prometheus::TextSerializer{}.Serialize(families_);
    }

private:
    std::vector<prometheus::MetricFamily> families_;
};

void add_kernel(exposition& to, view const& now) {
    using state = bl::link_state;
    std::map<bl::link_type, std::map<state, int>> links;
    std::map<bl::link_type, int> pins;
    for (auto const& link : now.links)
        ++links[link.type][state_of(link)];
    for (auto const& pin : now.pins)
        ++pins[pin.type];
    int defunct = 0;
    to.begin(kind::Gauge, "links", "BPF links in the kernel");
    for (auto& [type, by_state] : links) {
        for (auto const each : {state::attached, state::defunct, state::unknown})
            to.add(by_state[each], {{"type", to_string(type)}, {"state", to_string(each)}});
        defunct += by_state[state::defunct];
    }
    to.begin(kind::Gauge, "defunct_links", "BPF links whose target is gone, or that were detached");
    to.add(defunct);
    to.begin(kind::Gauge, "link_pins", "Pins of BPF links on every bpffs that is mounted here");
    for (auto const& [type, count] : pins)
        to.add(count, {{"type", to_string(type)}});
    to.begin(kind::Gauge, "unreadable", "Pins and probes that could not be read");
    to.add(now.unreadable);
}

/// A probe's name where it has one, and how often it could not run, where the kernel tells.
struct missed {
    std::string function;
    std::optional<std::uint64_t> count;
};
struct missed_of {
    missed operator()(bl::perf_kprobe const& d) const { return {d.function, d.missed}; }
    missed operator()(bl::kprobe_multi_details const& d) const { return {{}, d.missed}; }
    missed operator()(bl::perf_event_details const& d) const { return std::visit(*this, d.event); }
    template <class Other>
    missed operator()(Other const&) const {
        return {};
    }
};

void add_missed(exposition& to, view const& now) {
    to.begin(kind::Counter, "link_missed_total",
             "Runs of a probe's program that the kernel left out");
    for (auto const& info : now.probes) {
        auto const [function, count] = std::visit(missed_of{}, info.details);
        if (!count) continue;
        labels with{{"link", std::to_string(info.id.value())}, {"type", to_string(info.type)}};
        if (!function.empty()) with.push_back({"function", function});
        to.add(*count, std::move(with));
    }
}

void add_service(exposition& to, view const& now, status const& of) {
    bool const is_attached = of.link && state_of(*of.link) == bl::link_state::attached;
    bool const is_pinned = of.link && std::ranges::any_of(now.pins, [&](bl::pin_entry const& pin) {
                               return pin.path == of.pin && pin.id == of.link->id;
                           });
    labels const on{{"interface", of.interface}};
    to.begin(kind::Gauge, "attached", "Whether the program is on the interface");
    to.add(is_attached, on);
    to.begin(kind::Gauge, "pinned", "Whether the link has its pin");
    to.add(is_pinned, on);
    to.begin(kind::Gauge, "program_id", "The program that runs; 0 for none");
    to.add(is_attached ? of.link->program.value() : 0, on);
    using step = bl::step_kind;
    to.begin(kind::Counter, "steps_total", "What was done to have the link as it is wanted");
    to.add_each("step", of.steps,
                {step::create, step::update, step::keep, step::recreate, step::remove});
    using change = bl::link_change;
    to.begin(kind::Counter, "link_events_total", "What happened to links in the kernel");
    to.add_each("event", of.events,
                {change::created, change::removed, change::updated, change::defunct});
    to.begin(kind::Counter, "packets_total", "Packets by the counters of the program");
    for (std::size_t i = 0; i != of.packets.size(); ++i)
        to.add(of.packets[i], {{"counter", std::to_string(i)}});
    to.begin(kind::Gauge, "last_reload_successful", "Whether the last reload succeeded");
    to.add(of.is_reloaded);
    to.begin(kind::Gauge, "last_reload_success_timestamp_seconds",
             "When the last start or reload was that succeeded");
    to.add(std::chrono::duration<double>{of.reloaded.time_since_epoch()}.count());
    to.begin(kind::Counter, "failures_total", "Checks and reloads that failed");
    to.add(of.failed);
    to.begin(kind::Gauge, "build_info", "1, with the versions of the libraries");
    to.add(1, {{"version", version_text()}, {"libbpf", ::libbpf_version_string()}});
}

} // namespace

std::string version_text() {
    auto const [major, minor, patch] = bl::version();
    return std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
}

std::string metrics_page(view const& now, status const& of) {
    exposition page;
    add_kernel(page, now);
    add_missed(page, now);
    add_service(page, now, of);
    return page.text();
}

} // namespace service
