// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/perf_event.hpp>

#include <string_view>

namespace bpflink {

/// A kernel tracepoint with its arguments laid out as its format file says; on every processor.
/// Up to 64 links.
///
/// `group` and `name` as below tracefs's events directory ("sched", "sched_switch"); copied.
/// `cookie`, where it is not 0, is what bpf_get_attach_cookie() returns in the program.
/// @errors not_found          no such tracepoint, or its module was unloaded meanwhile
///         ENOENT             tracefs is not mounted: without a condition, as nothing is known
///         ENODEV             no processor is known to be online
///         invalid_argument   empty, or with a slash or zero byte; the program reads past the
///                            tracepoint's record, whose size is told (EACCES); the event is a
///                            probe's, a synthetic one, or ftrace's own; the program sleeps
///         already_exists     the program is on the tracepoint
///         not_supported      a kernel before 5.15; an event that perf cannot open
///         E2BIG              64 programs are on the tracepoint
///         permission_denied  tracefs may not be read; CAP_BPF or CAP_PERFMON is missing; the
///                            kernel's lockdown is that of confidentiality; a security module or a
///                            filter of system calls
/// @kernel link and cookie since 5.15; kernel/trace/bpf_trace.c, perf_event_attach_bpf_prog(); read
///         at v6.12
/// @cost 6 system calls
struct hook::tracepoint {
    std::string_view group;   ///< "sched"
    std::string_view name;    ///< "sched_switch"
    bpflink::cookie cookie{}; ///< for bpf_get_attach_cookie(); 0: none
};

template <>
struct hook_traits<hook::tracepoint> : detail::of_kind<link_type::perf_event> {
    static constexpr std::string_view name = "tracepoint";
    static constexpr std::array program_types{program_type::tracepoint};
    static constexpr std::array attach_types{attach_type::perf_event};
    static constexpr kernel_version since{5, 15};
    using details = perf_event_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("group", &hook::tracepoint::group, field_use::required);
        visit("name", &hook::tracepoint::name, field_use::required);
        visit("cookie", &hook::tracepoint::cookie, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static match matches(link_info const& info) noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::tracepoint const& where);
    static result<match> is_at(hook::tracepoint const& where, detail::located_link const& l);
};

/// A link of hook::tracepoint.
using tracepoint_link = typed_link<hook::tracepoint>;

} // namespace bpflink
