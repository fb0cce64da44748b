// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>
#include <bpflink/ids.hpp>

#include <array>

namespace bpflink {

/// A perf event that the caller opened: a hardware or software counter that overflows, or a probe
/// opened by hand. One program for each event.
///
/// `event` is borrowed; the link keeps the event open, so that the descriptor may be closed. It is
/// not enabled by this: an event opened as `disabled` stays so.
/// @errors invalid_argument   not a perf event; a program of a type that does not go with it, or
///                            that was loaded for another attach type; it reads past the record of
///                            its tracepoint (EACCES), or takes stacks that a precise event does
///                            not sample (EPROTO)
///         already_exists     the event has a program, or its tracepoint has this one
///         not_found          the event's unit is gone (ENODEV)
///         not_supported      a kernel before 5.15, or built without programs on events
///         E2BIG              64 programs are on its tracepoint
///         permission_denied  CAP_BPF is missing; a security module
/// @kernel since 5.15; kernel/bpf/syscall.c, bpf_perf_link_attach(); read at v6.12
/// @cost 1 system call
struct hook::perf_event {
    fd_view event;            ///< borrowed
    bpflink::cookie cookie{}; ///< for bpf_get_attach_cookie(); 0: none
};

template <>
struct hook_traits<hook::perf_event> : detail::of_kind<link_type::perf_event> {
    static constexpr std::string_view name = "perf_event";
    static constexpr std::array program_types{program_type::perf_event, program_type::kprobe,
                                              program_type::tracepoint};
    static constexpr std::array attach_types{attach_type::perf_event};
    static constexpr kernel_version since{5, 15};
    using details = perf_event_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("event", &hook::perf_event::event, field_use::required);
        visit("cookie", &hook::perf_event::cookie, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static match matches(link_info const& info) noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::perf_event const& where);
};

/// A link of hook::perf_event.
using perf_event_link = typed_link<hook::perf_event>;

} // namespace bpflink
