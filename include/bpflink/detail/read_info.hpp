// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/link_info.hpp>

namespace bpflink::detail {

/// All that the kernel tells of a link: one call, two for the kinds that have names, arrays or
/// fields that not every kernel reports, and again when they have grown in between.
[[nodiscard]] result<link_info> read_info(fd_view link);

/// The three fields that every link has: 12 bytes, one call.
struct link_header {
    link_type type;
    link_id id;
    program_id program;
};
[[nodiscard]] result<link_header> read_header(fd_view link);

/// The state alone: one call.
[[nodiscard]] link_state read_state(fd_view link) noexcept;

} // namespace bpflink::detail
