// SPDX-License-Identifier: Apache-2.0
#pragma once

// The parts that hooks with many places in one link share.

#include "hook/row.hpp"

#include <bpflink/attach_type.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {

/// The most places that one link has.
inline constexpr std::size_t most_places = std::size_t{1} << 20;

/// "1 cookie", "2 cookies".
[[nodiscard]] std::string several(std::size_t count, std::string_view what);

// Looks, with what the request asks for.

/// The program is known to be loaded for another attach type than this one, or for none.
[[nodiscard]] detail::finding not_loaded_for(detail::attempt const& tried, attach_type wanted);

/// This kernel has the hook, and no sessions of it.
[[nodiscard]] detail::finding without_sessions(detail::attempt const& tried, attach_type session);

/// An array with another number of elements than there are places, as "1 cookie for 2 places".
[[nodiscard]] detail::finding counts_differ(std::size_t count, std::string_view what,
                                            std::size_t places, std::string_view of);

} // namespace bpflink
