// SPDX-License-Identifier: Apache-2.0
#include "border/small_file.hpp"
#include "hook/event_link.hpp"

#include <bpflink/perf_events.hpp>

#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace bpflink {
namespace {

using detail::attempt;
using detail::capability;
using detail::finding;
using detail::refusal;

enum class unit : std::uint32_t { hardware, software }; // PERF_TYPE_*

constexpr std::uint64_t by_frequency = 1U << 10; // perf_event_attr::freq
constexpr char processors[] = "/sys/devices/system/cpu/online";
constexpr char highest_rate[] = "/proc/sys/kernel/perf_event_max_sample_rate";

constexpr std::array hardware_names{"cpu_cycles",
                                    "instructions",
                                    "cache_references",
                                    "cache_misses",
                                    "branch_instructions",
                                    "branch_misses",
                                    "bus_cycles",
                                    "stalled_cycles_frontend",
                                    "stalled_cycles_backend",
                                    "ref_cpu_cycles"};
constexpr std::array software_names{
    "cpu_clock",        "task_clock",      "page_faults",     "context_switches",
    "cpu_migrations",   "page_faults_min", "page_faults_maj", "alignment_faults",
    "emulation_faults", "dummy",           "bpf_output",      "cgroup_switches"};

/// An event of whatever unit.
struct source {
    unit type;
    std::uint64_t event;
    sample_rate sample;

    [[nodiscard]] std::string description() const {
        bool const is_soft = type == unit::software;
        auto const named = [&](auto const& names) {
            return event < names.size() ? std::string{names[event]} : std::to_string(event);
        };
        return (is_soft ? "software event " : "hardware event ") +
               (is_soft ? named(software_names) : named(hardware_names));
    }
};

source source_of(software_counter const& what) {
    return {unit::software, static_cast<std::uint64_t>(what.event), what.sample};
}

source source_of(hardware_counter const& what) {
    return {unit::hardware, static_cast<std::uint64_t>(what.event), what.sample};
}

source source_of(interval_timer const& what) {
    auto const period = what.period.count();
    return source_of(
        software_counter{software_event::cpu_clock,
                         sample_period{period < 0 ? 0 : static_cast<std::uint64_t>(period)}});
}

source const& asked(attempt const& tried) {
    return tried.as<source>();
}

std::optional<std::uint64_t> frequency_of(attempt const& tried) {
    auto const* const rate = std::get_if<sample_frequency>(&asked(tried).sample);
    return rate ? std::optional{rate->hertz} : std::nullopt;
}

finding never_overflows(attempt const& tried) {
    auto const is_zero = std::visit(
        [](auto rate) {
            if constexpr (requires { rate.hertz; })
                return rate.hertz == 0;
            else
                return rate.events == 0;
        },
        asked(tried).sample);
    return {is_zero ? match::yes : match::no};
}

finding is_too_long(attempt const& tried) {
    auto const* const rate = std::get_if<sample_period>(&asked(tried).sample);
    return {rate && rate->events >> 63 != 0 ? match::yes : match::no};
}

finding is_too_frequent(attempt const& tried) {
    auto const wanted = frequency_of(tried);
    if (!wanted) return {match::no};
    auto const most = read_number(highest_rate);
    if (!most) return {match::unknown, "it"};
    return {*wanted > *most ? match::yes : match::no, std::to_string(*most)};
}

finding is_hardware(attempt const& tried) {
    return {asked(tried).type == unit::hardware ? match::yes : match::no};
}

finding profiler_is_missing(attempt const&) {
    constexpr std::array needed{capability::perfmon};
    return missing_of(needed);
}

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument,
            "an event with a period or frequency of 0 never overflows, so that no program runs",
            "give a sample_period or a sample_frequency", "perf_event_open", never_overflows},
    refusal{EINVAL, errc::invalid_argument, "a period has to be below 2^63", "", "perf_event_open",
            is_too_long},
};

constexpr auto causes = joined(
    std::array{
        refusal{EINVAL, errc::invalid_argument,
                "the frequency is above kernel.perf_event_max_sample_rate ({})",
                "ask for less, or raise that", "perf_event_open", is_too_frequent},
        refusal{ENOENT, errc::not_supported,
                "the processor, or the virtual machine, does not count this event",
                "a software event or a timer is always there", "perf_init_event", is_hardware},
        refusal{ENOENT, errc::not_supported, "this kernel has no such software event", "",
                "perf_swevent_init"},
        refusal{EOPNOTSUPP, errc::not_supported,
                "the processor's counters do not interrupt when they overflow",
                "a software event or a timer does", "perf_event_open"},
        refusal{EBUSY, errc{}, "another user has the processor's counters for its own", "try later",
                "exclusive_event_init"},
        refusal{EACCES, errc::permission_denied, "{} is missing", "", "perf_allow_cpu",
                profiler_is_missing},
    },
    opening_causes);

/// The event's attributes; an error where it could run no program.
result<uapi::perf_event_attr> attributes_of(source const& what) {
    attempt const tried{.request = &what};
    if (auto checked =
            check(tried, mistakes, operation::perf_event_open, [&] { return what.description(); });
        !checked)
        return tl::unexpected{std::move(checked).error()};
    uapi::perf_event_attr attr{};
    attr.type = static_cast<std::uint32_t>(what.type);
    attr.size = sizeof attr;
    attr.config = what.event;
    if (auto const* const rate = std::get_if<sample_period>(&what.sample))
        attr.sample_period = rate->events;
    else {
        attr.sample_period = std::get<sample_frequency>(what.sample).hertz; // a union's other name
        attr.flags = by_frequency;
    }
    return attr;
}

tl::unexpected<error> refused(int outcome, source const& what, std::string const& where) {
    return refuse(outcome, operation::perf_event_open, what.description() + where,
                  {.request = &what}, {causes, usual_causes()});
}

result<unique_fd> open_one(source const& what) {
    auto const attr = attributes_of(what);
    if (!attr) return tl::unexpected{attr.error()};
    auto event = open_event(*attr, every_process);
    if (!event) return refused(event.outcome(), what, "");
    return unique_fd{std::move(event)};
}

constexpr refusal unreadable{EINVAL, errc{}, "it does not list processors", "", "print_cpus_kind"};

/// Calls `f` with each number of "0-3,5", until it returns false; false where that is not a list.
template <class F>
bool each_of_list(std::string_view text, F f) {
    auto const number = [&](int& into) {
        auto const parsed = std::from_chars(text.data(), text.data() + text.size(), into);
        text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
        return parsed.ec == std::errc{};
    };
    auto const skip = [&](char c) {
        bool const is = text.starts_with(c);
        if (is) text.remove_prefix(1);
        return is;
    };
    do {
        int first = 0;
        if (!number(first)) return false;
        int last = first;
        if (skip('-') && !number(last)) return false;
        for (int each = first; each <= last; ++each)
            if (!f(each)) return true;
    } while (skip(','));
    return text.empty();
}

result<std::vector<unique_fd>> open_each(source const& what) {
    auto const attr = attributes_of(what);
    if (!attr) return tl::unexpected{attr.error()};
    auto const list = read_small_file(processors);
    if (!list) return tl::unexpected{list.error()};
    std::vector<unique_fd> all;
    int outcome = 0, at = 0;
    bool const is_list = each_of_list(*list, [&](int processor) {
        auto event = sys::perf_event_open(*attr, every_process, processor);
        at = processor;
        if (!event && event.outcome() == -ENODEV) return true; // it went offline meanwhile
        if (!event) outcome = event.outcome();
        if (event) all.emplace_back(std::move(event));
        return outcome == 0;
    });
    if (outcome < 0) return refused(outcome, what, " on processor " + std::to_string(at));
    if (!is_list) return refuse_by(unreadable, {}, operation::read, processors);
    if (all.empty()) return refused(-ENODEV, what, "");
    return all;
}

} // namespace

result<unique_fd> open_perf_event(software_counter const& what) {
    return open_one(source_of(what));
}

result<unique_fd> open_perf_event(hardware_counter const& what) {
    return open_one(source_of(what));
}

result<unique_fd> open_perf_event(interval_timer const& what) {
    return open_one(source_of(what));
}

result<std::vector<unique_fd>> perf_events_on_each_cpu(software_counter const& what) {
    return open_each(source_of(what));
}

result<std::vector<unique_fd>> perf_events_on_each_cpu(hardware_counter const& what) {
    return open_each(source_of(what));
}

result<std::vector<unique_fd>> perf_events_on_each_cpu(interval_timer const& what) {
    return open_each(source_of(what));
}

} // namespace bpflink
