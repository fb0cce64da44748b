// SPDX-License-Identifier: Apache-2.0
#include "border/small_file.hpp"
#include "hook/event_link.hpp"
#include "hook/processors.hpp"
#include "symbol/names.hpp"

#include <bpflink/perf_events.hpp>

#include <array>
#include <cerrno>
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

enum class unit : std::uint32_t { hardware, software, breakpoint = 5 }; // PERF_TYPE_*

constexpr std::uint64_t by_frequency = 1U << 10; // perf_event_attr::freq
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
constexpr std::array access_names{"", "read", "write", "access", "execution"};

/// An event of whatever unit.
struct source {
    unit type;
    std::uint64_t event;
    sample_rate sample;
    watchpoint watched = {}; // of a breakpoint

    [[nodiscard]] std::string description() const {
        auto const named = [](auto const& names, std::uint64_t number) {
            return number < names.size() ? std::string{names[number]} : std::to_string(number);
        };
        switch (type) {
        case unit::software: return "software event " + named(software_names, event);
        case unit::hardware: return "hardware event " + named(hardware_names, event);
        case unit::breakpoint: break;
        }
        return "watchpoint of " +
               named(access_names, static_cast<std::uint64_t>(watched.accesses)) + " at " +
               hexadecimal(watched.address);
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

source source_of(watchpoint const& what) {
    return {unit::breakpoint, 0, what.sample, what};
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

bool is_watch(attempt const& tried) {
    return asked(tried).type == unit::breakpoint;
}

bool is_of_code(watchpoint const& what) {
    return what.accesses == memory_access::execute;
}

finding is_a_watch(attempt const& tried) {
    return {is_watch(tried) ? match::yes : match::no};
}

finding has_odd_length(attempt const& tried) {
    auto const& watched = asked(tried).watched;
    bool const is_known =
        watched.length == 1 || watched.length == 2 || watched.length == 4 || watched.length == 8;
    return {is_watch(tried) && !is_of_code(watched) && !is_known ? match::yes : match::no};
}

finding has_negative_thread(attempt const& tried) {
    return {asked(tried).watched.pid.value_or(0) < 0 ? match::yes : match::no};
}

finding has_no_access(attempt const& tried) {
    auto const number = static_cast<std::size_t>(asked(tried).watched.accesses);
    bool const is_known = number != 0 && number < access_names.size();
    return {is_watch(tried) && !is_known ? match::yes : match::no};
}

finding is_between_multiples(attempt const& tried) {
    auto const& watched = asked(tried).watched;
    if (!is_watch(tried) || is_of_code(watched)) return {match::no};
    return {watched.address % watched.length != 0 ? match::yes : match::no,
            std::to_string(watched.length)};
}

finding sees_reads_alone(attempt const& tried) {
#if defined(__x86_64__) || defined(__i386__)
    constexpr match refuses = match::yes;
#else
    constexpr match refuses = match::no;
#endif
    return {asked(tried).watched.accesses == memory_access::read && is_watch(tried) ? refuses
                                                                                    : match::no};
}

finding may_not_be_watched(attempt const& tried) {
    return {is_watch(tried) ? match::unknown : match::no};
}

finding thread_is_gone(attempt const& tried) {
    auto const& pid = asked(tried).watched.pid;
    return {pid ? match::yes : match::no, std::to_string(pid.value_or(0))};
}

finding watches_the_kernel(attempt const& tried) {
    bool const is_the_kernels = asked(tried).watched.address >> 63 != 0;
    if (!is_watch(tried) || !is_the_kernels) return {match::no};
    constexpr std::array needed{capability::sys_admin};
    return missing_of(needed);
}

finding watches_in_a_user_namespace(attempt const& tried) {
    return is_watch(tried) ? in_other_user_namespace(tried) : finding{match::no};
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
    refusal{EINVAL, errc::invalid_argument, "a watchpoint is for 1, 2, 4 or 8 bytes", "",
            "hw_breakpoint_arch_parse", has_odd_length},
    refusal{EINVAL, errc::invalid_argument, "a watchpoint is for reads, writes, both or execution",
            "", "hw_breakpoint_arch_parse", has_no_access},
    refusal{EINVAL, errc::invalid_argument, "a thread's number is not negative", "",
            "perf_event_open", has_negative_thread},
    // arm64 takes it, and watches the bytes of the first 8 alone.
    refusal{EINVAL, errc::invalid_argument, "the address is not a multiple of the {} bytes",
            "watch fewer bytes, or several places", "hw_breakpoint_arch_parse",
            is_between_multiples},
};

constexpr auto causes = joined(
    std::array{
        refusal{EINVAL, errc::invalid_argument,
                "the frequency is above kernel.perf_event_max_sample_rate ({})",
                "ask for less, or raise that", "perf_event_open", is_too_frequent},
        refusal{EINVAL, errc::not_supported,
                "the processor does not count this event, or not by so short a period",
                "a software event or a timer is always there", "x86_pmu_hw_config", is_hardware},
        refusal{EINVAL, errc::not_supported, "this processor does not watch reads alone",
                "watch reads and writes", "arch_build_bp_info", sees_reads_alone},
        refusal{EINVAL, errc::invalid_argument, "the kernel does not have this address watched", "",
                "arch_build_bp_info", may_not_be_watched},
        refusal{ENOSPC, errc::hook_busy,
                "all watchpoints of the processor are taken (x86-64 has 4)", "close one",
                "hw_breakpoint_add", is_a_watch},
        refusal{ESRCH, errc::not_found, "there is no thread {}, or it has ended", "",
                "find_lively_task_by_vpid", thread_is_gone},
        refusal{EPERM, errc::permission_denied, "{} is missing to watch the kernel's memory", "",
                "hw_breakpoint_parse", watches_the_kernel},
        refusal{EPERM, errc::permission_denied, in_own_user_namespace,
                "use the first user namespace", "hw_breakpoint_parse", watches_in_a_user_namespace},
        refusal{ENOENT, errc::not_supported,
                "the kernel, the processor or the virtual machine has no watchpoints", "",
                "perf_init_event", is_a_watch},
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
    if (what.type == unit::breakpoint) {
        attr.bp_type = static_cast<std::uint32_t>(what.watched.accesses);
        attr.name = what.watched.address; // a union's other names: bp_addr, bp_len
        attr.offset = is_of_code(what.watched) ? sizeof(long) : what.watched.length;
    }
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
    auto event = open_event(*attr, what.watched.pid.value_or(every_process));
    if (!event) return refused(event.outcome(), what, "");
    return unique_fd{std::move(event)};
}

result<std::vector<unique_fd>> open_each(source const& what) {
    auto const attr = attributes_of(what);
    if (!attr) return tl::unexpected{attr.error()};
    if (what.watched.pid)
        return fail(-EINVAL, operation::perf_event_open, errc::invalid_argument, what.description(),
                    "a thread's watchpoint goes along with it: one event, by open_perf_event()");
    std::vector<unique_fd> all;
    int outcome = 0, at = 0;
    auto const listed = for_each_processor([&](int processor) {
        auto event = sys::perf_event_open(*attr, every_process, processor);
        at = processor;
        if (!event && event.outcome() == -ENODEV) return true; // it went offline meanwhile
        if (!event) outcome = event.outcome();
        if (event) all.emplace_back(std::move(event));
        return outcome == 0;
    });
    if (outcome < 0) return refused(outcome, what, " on processor " + std::to_string(at));
    if (!listed) return tl::unexpected{listed.error()};
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

result<unique_fd> open_perf_event(watchpoint const& what) {
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

result<std::vector<unique_fd>> perf_events_on_each_cpu(watchpoint const& what) {
    return open_each(source_of(what));
}

} // namespace bpflink
