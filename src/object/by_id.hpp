// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <cstdint>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Says why a link, a program or a map was not opened by its id.
/// @param outcome  errno, negated
/// @param what     link_get_fd_by_id, link_get_next_id, prog_get_fd_by_id, or map_get_info for a
/// map
[[nodiscard]] tl::unexpected<error> refuse_id(int outcome, operation what, std::uint32_t id);

/// Says why the id of the link after `id` was not told.
/// @param outcome  errno, negated
[[nodiscard]] tl::unexpected<error> refuse_next_id(int outcome, std::uint32_t id);

} // namespace bpflink
