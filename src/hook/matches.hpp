// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a link is on a hook, for the traits of each.

#include <bpflink/hook/traits.hpp>

#include <variant>

namespace [[gnu::visibility("hidden")]] bpflink {

/// For hooks that the kernel's answer does not tell apart.
template <class Hook>
[[nodiscard]] match may_match_by_type(link_info const& info) noexcept {
    return info.type == hook_traits<Hook>::kind ? match::unknown : match::no;
}

/// For hooks on a function's trampoline, by their attach types.
[[nodiscard]] match matches_attach_type(link_info const& info, auto const& wanted) noexcept {
    auto const* const details = std::get_if<tracing_details>(&info.details);
    return details && details->attach && detail::contains(wanted, *details->attach) ? match::yes
                                                                                    : match::no;
}

/// For hooks on a perf event.
/// @param other  the answer for a link on another kind of event
template <class Event>
[[nodiscard]] match matches_event(link_info const& info, match other) noexcept {
    if (info.type != link_type::perf_event) return match::no;
    auto const* const details = std::get_if<perf_event_details>(&info.details);
    if (!details || std::holds_alternative<std::monostate>(details->event)) return match::unknown;
    return std::holds_alternative<Event>(details->event) ? match::yes : other;
}

} // namespace bpflink
