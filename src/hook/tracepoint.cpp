// SPDX-License-Identifier: Apache-2.0
#include "border/small_file.hpp"
#include "hook/event_link.hpp"
#include "hook/matches.hpp"
#include "hook/place.hpp"
#include "hook/row.hpp"

#include <bpflink/hook/tracepoint.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>

namespace bpflink {
namespace {

using detail::attempt;
using detail::capability;
using detail::finding;
using detail::refusal;

constexpr std::array mounts{"/sys/kernel/tracing/", "/sys/kernel/debug/tracing/"};

hook::tracepoint const& where_of(attempt const& tried) {
    return tried.as<hook::tracepoint>();
}

std::string describe(hook::tracepoint const& where) {
    return "tracepoint '" + std::string{where.group} + ":" + std::string{where.name} + "'";
}

/// The words of the newest tracefs about the tracepoint. Naming the older place makes the kernel
/// mount tracefs there.
template <class Read>
auto read_of(hook::tracepoint const& where, char const* file, Read read) {
    std::string const rest =
        "events/" + std::string{where.group} + "/" + std::string{where.name} + "/" + file;
    auto text = read(mounts.front() + rest);
    if (text || text.error() != errc::not_found) return text;
    if (read_small_file(std::string{mounts.front()} + "current_tracer")) return text;
    return read(mounts.back() + rest);
}

bool is_name(std::string_view text) {
    return !text.empty() && text.find_first_of(std::string_view{"/\0", 2}) == text.npos &&
           text != "." && text != "..";
}

finding no_names(attempt const& tried) {
    auto const& where = where_of(tried);
    return {is_name(where.group) && is_name(where.name) ? match::no : match::yes};
}

match has_tracefs() {
    for (auto const* const mount : mounts) {
        auto const tracer = read_small_file(std::string{mount} + "current_tracer");
        if (tracer) return match::yes;
        if (tracer.error() != errc::not_found) return match::unknown;
    }
    return match::no;
}

finding is_not_there(attempt const&) {
    return {has_tracefs()};
}

finding no_tracefs(attempt const&) {
    auto const is = has_tracefs();
    if (is == match::yes) return {match::no};
    // Under lockdown it is empty.
    return {is == match::no && is_locked_down() == match::no ? match::yes : match::unknown};
}

result<std::uint32_t> tracepoint_id(attempt const& tried) {
    auto const& where = where_of(tried);
    auto id = read_of(where, "id", read_number);
    if (id) return id;
    int const number = id.error().code().value();
    bool const is_lockdown = number == EPERM && is_locked_down() == match::yes;
    // A file among the groups, as "enable", is not an event's directory.
    if (id.error() != errc::not_found && number != ENOTDIR && !is_lockdown) return id;
    return refuse(-number, operation::open, describe(where), tried, {tried.row.opening});
}

finding is_unloaded(attempt const& tried) {
    if (read_of(where_of(tried), "id", read_number)) return {match::no};
    return {has_tracefs()};
}

finding profiler_is_unprivileged(attempt const&) {
    constexpr auto alone = static_cast<unsigned>(capability::perfmon);
    constexpr auto all = static_cast<unsigned>(capability::sys_admin);
    int const told = sys::has_capability(alone) == 1 ? 1 : sys::has_capability(all);
    return {told < 0 ? match::unknown : told == 1 ? match::no : match::yes};
}

/// The number after a word: "offset:8;".
std::size_t number_after(std::string_view line, std::string_view word) {
    std::size_t number = 0;
    auto const at = line.find(word);
    if (at == line.npos) return 0;
    line.remove_prefix(at + word.size());
    std::from_chars(line.data(), line.data() + line.size(), number);
    return number;
}

/// " (64 bytes)", by the description of the event's fields; empty where that is not all there.
std::string size_of_record(hook::tracepoint const& where) {
    auto const format = read_of(where, "format", read_small_file);
    if (!format || format->find("\nprint fmt:") == std::string::npos) return {};
    std::size_t size = 0;
    for (std::string_view left = *format; !left.empty();) {
        auto const line = left.substr(0, left.find('\n'));
        left.remove_prefix(std::min(line.size() + 1, left.size()));
        if (line.starts_with("print fmt:")) break;
        size = std::max(size, number_after(line, "offset:") + number_after(line, "size:"));
    }
    return " (" + std::to_string(size) + " bytes)";
}

finding record_is_shorter(attempt const& tried) {
    return reads_past_record(tried, size_of_record(where_of(tried)));
}

/// With the privilege: without, that is the cause.
finding is_of_ftrace(attempt const& tried) {
    if (where_of(tried).group != "ftrace") return {match::no};
    return {profiler_is_unprivileged(tried).is == match::yes ? match::no : match::yes};
}

/// A program of the group raw_syscalls may not sleep.
/// @kernel kernel/trace/trace_syscalls.c, is_syscall_trace_event(); read at v7.1
finding may_sleep_elsewhere(attempt const& tried) {
    return where_of(tried).group == "syscalls" ? finding{match::no} : may_sleep(tried);
}

constexpr std::string_view events_of_others =
    "the event is not a tracepoint of the kernel's: a probe's, a synthetic one, or ftrace's own";

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument, "a tracepoint has a group and a name, without slashes",
            "", "tracing_open_generic", no_names},
};

constexpr auto opening = joined(
    std::array{
        refusal{ENOENT, errc::permission_denied, "kernel lockdown (confidentiality) forbids it",
                "raw_tracepoint and fentry work, and uprobes since 5.15", "tracefs_create_file",
                lockdown_forbids},
        refusal{ENOENT, errc{},
                "no tracefs is mounted at /sys/kernel/tracing, which tells the "
                "tracepoints",
                "mount it", "tracefs", no_tracefs},
        refusal{ENOENT, errc::not_found, "no such tracepoint in this kernel or its loaded modules",
                "", "tracefs", is_not_there},
        refusal{EPERM, errc::permission_denied, "kernel lockdown (confidentiality) forbids it",
                "raw_tracepoint and fentry work, and uprobes since 5.15",
                "tracing_check_open_get_tr", lockdown_forbids},
        refusal{ENOTDIR, errc::not_found, "no such tracepoint in this kernel or its loaded modules",
                "", "tracefs"},
        refusal{EPERM, errc::invalid_argument, events_of_others,
                "put the program on the place itself", "perf_trace_event_perm", is_of_ftrace},
        refusal{EACCES, errc::permission_denied, "CAP_PERFMON is missing",
                "run with it, or with kernel.perf_event_paranoid at 0 or below", "perf_allow_cpu",
                profiler_is_unprivileged},
        refusal{EINVAL, errc::not_found, "its module was unloaded meanwhile", "", "perf_trace_init",
                is_unloaded},
        refusal{EINVAL, errc::not_supported, "this event cannot be opened as a perf event", "",
                "perf_trace_init"},
    },
    opening_causes);

constexpr auto causes = joined(
    std::array{
        refusal{EINVAL, errc::invalid_argument, events_of_others,
                "put the program on the place itself", "perf_event_set_bpf_prog"},
        refusal{EINVAL, errc::invalid_argument,
                "the program sleeps, which only those of the group 'syscalls' may",
                "load one that does not", "perf_event_set_bpf_prog", may_sleep_elsewhere},
        refusal{EACCES, errc::invalid_argument, "the program reads past this tracepoint's record{}",
                "load it for this kernel's layout, as the event's format file has it",
                "perf_event_set_bpf_prog", record_is_shorter},
        refusal{EEXIST, errc::already_exists, "the program is on the tracepoint already",
                "one link is enough", "bpf_prog_array_copy"},
        refusal{E2BIG, errc{}, "64 programs are on the tracepoint, the most the kernel takes",
                "detach one", "perf_event_attach_bpf_prog", always},
    },
    event_link_causes);

std::optional<any_hook> event_of(std::string_view, std::string_view rest) {
    auto const event = split(rest, '/');
    if (!event) return std::nullopt;
    return hook::tracepoint{.group = event->first, .name = event->second};
}

constexpr std::string_view which_tracepoint = "which tracepoint";

constexpr std::array sections{
    detail::section{"tracepoint", "GROUP/NAME", event_of, which_tracepoint},
    detail::section{"tp", "GROUP/NAME", event_of, which_tracepoint},
    detail::section{"tracepoint.s", "GROUP/NAME", event_of, which_tracepoint},
    detail::section{"tp.s", "GROUP/NAME", event_of, which_tracepoint},
};

} // namespace

match hook_traits<hook::tracepoint>::matches(link_info const& info) noexcept {
    return matches_event<perf_tracepoint>(info, match::no);
}

detail::hook_row const& hook_traits<hook::tracepoint>::row() noexcept {
    static constexpr auto facts = row_for<hook::tracepoint>({
        .asked_by = detail::probe{.program = program_type::tracepoint,
                                  .attach = attach_type::perf_event,
                                  .known = EBADF,
                                  .locked_down = true},
        .needs = {capability::perfmon},
        .mistakes = mistakes,
        .opening = opening,
        .causes = causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::tracepoint>::create(detail::borrowed_program prog,
                                                        hook::tracepoint const& where) {
    std::string subject = describe(where);
    attempt const tried{.row = row(), .prog = &prog, .request = &where};
    if (auto clear = check(tried, mistakes, operation::link_create, [&] { return subject; });
        !clear)
        return tl::unexpected{std::move(clear).error()};
    auto const id = tracepoint_id(tried);
    if (!id) return tl::unexpected{id.error()};
    uapi::perf_event_attr attr{};
    constexpr std::uint32_t perf_type_tracepoint = 2;
    attr.type = perf_type_tracepoint;
    attr.size = sizeof attr;
    attr.config = *id;
    auto const event = open_event(attr, every_process);
    if (!event) return refuse_event(event.outcome(), tried, subject);
    return attach_to_event(tried, event.view(), where.cookie, subject);
}

result<match> hook_traits<hook::tracepoint>::is_at(hook::tracepoint const& where,
                                                   located_link const& l) {
    auto const* const on = std::get_if<perf_tracepoint>(&details_of<hook::tracepoint>(l).event);
    if (!on) return match::unknown;
    if (on->name != where.name) return match::no;
    // The kernel does not tell its group: it is the one that has such a tracepoint.
    auto const id = read_of(where, "id", read_number);
    if (id) return match::yes;
    if (id.error() == errc::not_found)
        return has_tracefs() == match::yes ? match::no : match::unknown;
    return unless_told_nothing(tl::unexpected{id.error()});
}

} // namespace bpflink
