// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>
#include <bpflink/ids.hpp>

#include <array>
#include <variant>

namespace bpflink {

namespace detail {

/// For the hooks that share the kind "perf_event", which tells the event since 6.6.
template <class Event>
[[nodiscard]] match matches_event(link_info const& info, match other) noexcept {
    if (info.type != link_type::perf_event) return match::no;
    auto const* const details = std::get_if<perf_event_details>(&info.details);
    if (!details || std::holds_alternative<std::monostate>(details->event)) return match::unknown;
    return std::holds_alternative<Event>(details->event) ? match::yes : other;
}

} // namespace detail

/// A perf event that the caller opened: a hardware or software counter that overflows, or a probe
/// opened by hand. One program an event.
///
/// `event` is borrowed; the link keeps the event open, so that the descriptor may be closed. It is
/// not enabled by this: an event opened as `disabled` stays so.
/// @errors invalid_argument   not a perf event; a program of a type that does not go with it
///         already_exists     the event has a program
///         not_supported      a kernel before 5.15
///         permission_denied  CAP_BPF or CAP_PERFMON is missing
/// @kernel since 5.15; kernel/bpf/syscall.c, bpf_perf_link_attach(); read at v6.12
/// @cost 1 system call
struct hook::perf_event {
    fd_view event;
    bpflink::cookie cookie{};
};

template <>
struct hook_traits<hook::perf_event> {
    static constexpr std::string_view name = "perf_event";
    static constexpr std::array link_types{link_type::perf_event};
    static constexpr std::array program_types{program_type::perf_event, program_type::kprobe,
                                              program_type::tracepoint};
    static constexpr kernel_version since{5, 15};
    using details = perf_event_details;

    static match matches(link_info const& info) noexcept {
        return detail::matches_event<perf_counter>(info, match::unknown);
    }
    static result<unique_fd> create(detail::borrowed_program prog, hook::perf_event const& where);
};

using perf_event_link = typed_link<hook::perf_event>;

} // namespace bpflink
