// SPDX-License-Identifier: Apache-2.0
#include "pages.hpp"

#include <bpflink/version.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <prometheus/text_serializer.h>
#include <string>
#include <utility>
#include <variant>

#include <bpf/libbpf.h>

namespace service {
namespace {

namespace bl = bpflink;
using labels = std::vector<prometheus::ClientMetric::Label>;

/// Families of metrics: one is begun, and values are added to it.
class exposition {
public:
    exposition& gauge(std::string name, std::string help) {
        return begin(prometheus::MetricType::Gauge, std::move(name), std::move(help));
    }
    exposition& counter(std::string name, std::string help) {
        return begin(prometheus::MetricType::Counter, std::move(name), std::move(help));
    }
    template <class Number>
    exposition& add(Number value, labels with = {}) {
        auto& family = families_.back();
        auto& metric = family.metric.emplace_back();
        metric.label = std::move(with);
        (family.type == prometheus::MetricType::Counter ? metric.counter.value
                                                        : metric.gauge.value) =
            static_cast<double>(value);
        return *this;
    }
    [[nodiscard]] std::string text() const {
        return prometheus::TextSerializer{}.Serialize(families_);
    }

private:
    exposition& begin(prometheus::MetricType type, std::string name, std::string help) {
        families_.push_back({std::move(name), std::move(help), type, {}});
        return *this;
    }

    std::vector<prometheus::MetricFamily> families_;
};

void add_links(exposition& to, view const& now) {
    using state = bl::link_state;
    std::map<bl::link_type, std::map<state, int>> by_type;
    int defunct = 0;
    for (auto const& link : now.links) {
        auto const is = state_of(link);
        ++by_type[link.type][is];
        defunct += is == state::defunct;
    }
    to.gauge("bpflink_service_links", "BPF links in the kernel");
    for (auto& [type, by_state] : by_type)
        for (auto const each : {state::attached, state::defunct, state::unknown})
            to.add(by_state[each], {{"type", to_string(type)}, {"state", to_string(each)}});
    to.gauge("bpflink_service_defunct_links",
             "BPF links whose target is gone, or that were detached");
    to.add(defunct);
}

void add_pins(exposition& to, view const& now) {
    std::map<bl::link_type, int> counts;
    for (auto const& pin : now.pins)
        ++counts[pin.type];
    to.gauge("bpflink_service_link_pins", "Pins of BPF links on every bpffs that is mounted here");
    for (auto const& [type, count] : counts)
        to.add(count, {{"type", to_string(type)}});
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
    to.counter("bpflink_service_link_missed_total",
               "Runs of a probe's program that the kernel left out");
    for (auto const& info : now.probes) {
        auto const [function, count] = std::visit(missed_of{}, info.details);
        if (!count) continue;
        labels with{{"link", std::to_string(info.id.value())}, {"type", to_string(info.type)}};
        if (!function.empty()) with.push_back({"function", function});
        to.add(*count, std::move(with));
    }
}

void add_unreadable(exposition& to, view const& now) {
    to.gauge("bpflink_service_unreadable", "Pins and probes that could not be read");
    to.add(now.unreadable);
}

/// A counter of each of these, by the name that it has.
template <class What, std::size_t N>
void add_each(exposition& to, std::string const& label, std::map<What, std::uint64_t> const& counts,
              std::array<What, N> const& all) {
    for (auto const each : all) {
        auto const at = counts.find(each);
        to.add(at == counts.end() ? 0 : at->second, {{label, to_string(each)}});
    }
}

void add_service(exposition& to, view const& now, status const& of) {
    bool const attached = of.link && state_of(*of.link) == bl::link_state::attached;
    labels const on{{"interface", of.interface}};
    to.gauge("bpflink_service_attached", "Whether the program is on the interface");
    to.add(attached, on);
    to.gauge("bpflink_service_pinned", "Whether the link has its pin");
    to.add(of.link && std::ranges::any_of(now.pins,
                                          [&](bl::pin_entry const& pin) {
                                              return pin.path == of.pin && pin.id == of.link->id;
                                          }),
           on);
    to.gauge("bpflink_service_program_id", "The program that runs; 0 for none");
    to.add(attached ? of.link->program.value() : 0, on);
    using step = bl::step_kind;
    to.counter("bpflink_service_steps_total", "What was done to have the link as it is wanted");
    add_each(to, "step", of.steps,
             std::array{step::create, step::update, step::keep, step::recreate, step::remove});
    using change = bl::link_change;
    to.counter("bpflink_service_link_events_total", "What happened to links in the kernel");
    add_each(to, "event", of.events,
             std::array{change::created, change::removed, change::updated, change::defunct});
    to.counter("bpflink_service_packets_total", "Packets by the counters of the program");
    for (std::size_t i = 0; i != of.packets.size(); ++i)
        to.add(of.packets[i], {{"counter", std::to_string(i)}});
    to.gauge("bpflink_service_last_reload_successful", "Whether the last reload succeeded");
    to.add(of.is_reloaded);
    to.gauge("bpflink_service_last_reload_success_timestamp_seconds",
             "When the last start or reload was that succeeded");
    to.add(std::chrono::duration<double>{of.reloaded.time_since_epoch()}.count());
    to.counter("bpflink_service_failures_total", "Checks and reloads that failed").add(of.failed);
}

void add_build(exposition& to) {
    to.gauge("bpflink_service_build_info", "1, with the versions of the libraries");
    to.add(1, {{"version", version_text()}, {"libbpf", ::libbpf_version_string()}});
}

} // namespace

std::string version_text() {
    auto const [major, minor, patch] = bl::version();
    return std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
}

std::string metrics_page(view const& now, status const& of) {
    exposition page;
    add_build(page);
    add_links(page, now);
    add_pins(page, now);
    add_missed(page, now);
    add_unreadable(page, now);
    add_service(page, now, of);
    return page.text();
}

} // namespace service
