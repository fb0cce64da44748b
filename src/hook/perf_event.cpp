// SPDX-License-Identifier: Apache-2.0
#include "hook/event_link.hpp"
#include "hook/matches.hpp"
#include "hook/row.hpp"
#include "object/identify.hpp"

#include <bpflink/hook/perf_event.hpp>

#include <array>
#include <cerrno>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

bool is_of(attempt const& tried, program_type wanted) {
    return tried.prog->type == wanted;
}

finding record_is_shorter(attempt const& tried) {
    if (!is_of(tried, program_type::tracepoint)) return {match::no};
    return reads_past_record(tried, {});
}

finding runs_on_tracepoint(attempt const& tried) {
    return {is_of(tried, program_type::tracepoint) ? match::unknown : match::no};
}

finding may_not_run_there(attempt const& tried) {
    if (is_of(tried, program_type::tracepoint)) return may_sleep(tried);
    return {is_of(tried, program_type::kprobe) ? match::unknown : match::no};
}

finding event_is_closed(attempt const& tried) {
    return is_closed(tried.as<hook::perf_event>().event);
}

constexpr std::array mistakes{
    refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "",
            "bpf_prog_attach_check_attach_type", probe_loaded_for_another},
};

constexpr auto causes = joined(
    std::array{
        refusal{EBADF, errc::invalid_argument, "the event's descriptor is not open", "",
                "perf_event_get", event_is_closed},
        refusal{EBADF, errc::invalid_argument, "the event's descriptor is not a perf event's", "",
                "perf_event_get"},
        refusal{EINVAL, errc::invalid_argument, "the program was loaded for {}", "",
                "bpf_prog_attach_check_attach_type", loaded_for_no_event},
        refusal{EINVAL, errc::invalid_argument, "the program's type does not go with the event's",
                "", "perf_event_set_bpf_prog"},
        refusal{EINVAL, errc::invalid_argument,
                "the program sleeps, or changes registers or what functions return, and the event "
                "is not of that sort",
                "", "perf_event_set_bpf_prog", may_not_run_there},
        refusal{EEXIST, errc::already_exists, "the event has a program already",
                "open one of its own", "perf_event_attach_bpf_prog"},
        refusal{EEXIST, errc::already_exists, "the program is on the tracepoint already",
                "one link is enough", "bpf_prog_array_copy", runs_on_tracepoint},
        refusal{E2BIG, errc{}, "64 programs are on the event, the most the kernel takes",
                "detach one", "perf_event_attach_bpf_prog", always},
        refusal{EACCES, errc::invalid_argument, "the program reads past its tracepoint's record",
                "load it for this kernel's layout", "perf_event_set_bpf_prog", record_is_shorter},
        refusal{EPROTO, errc::invalid_argument,
                "the event is a precise one, and does not sample the stacks that the program takes",
                "open it with PERF_SAMPLE_CALLCHAIN", "perf_event_set_bpf_handler"},
        refusal{ENODEV, errc::not_found, "the event's unit is gone", "", "perf_event_set_bpf_prog"},
    },
    event_link_causes);

constexpr std::array sections{
    detail::section{.kind = "perf_event", .lacks = "which event"},
};

} // namespace

match hook_traits<hook::perf_event>::matches(link_info const& info) noexcept {
    return matches_event<perf_counter>(info, match::unknown);
}

detail::hook_row const& hook_traits<hook::perf_event>::row() noexcept {
    static constexpr auto facts = row_for<hook::perf_event>({
        .asked_by = detail::probe{.program = program_type::perf_event,
                                  .attach = attach_type::perf_event,
                                  .known = EBADF},
        .mistakes = mistakes,
        .causes = causes,
        .sections = sections,
    });
    return facts;
}

result<unique_fd> hook_traits<hook::perf_event>::create(detail::borrowed_program prog,
                                                        hook::perf_event const& where) {
    uapi::link_create_attr attr{};
    attr.prog_fd = raw_fd(prog.fd);
    attr.target = raw_fd(where.event);
    attr.attach_type = static_cast<std::uint32_t>(attach_type::perf_event);
    attr.perf_event.cookie = where.cookie.value();
    return create_link(attr, {.row = row(), .prog = &prog, .request = &where},
                       [&] { return "perf event at " + describe(where.event); });
}

} // namespace bpflink
