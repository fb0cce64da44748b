// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

namespace bpflink::detail {

/// A descriptor of one's own for what `fd` is open for.
[[nodiscard]] result<unique_fd> duplicated(fd_view fd);

/// A descriptor that can be read when `fd` can, or when that has ended, for a loop to own: loops
/// close what they watch, and Asio makes its file non-blocking for whoever has it open.
[[nodiscard]] result<unique_fd> watched(fd_view fd);

/// Why waiting for `fd` ended without its being ready.
[[nodiscard]] error not_waited(int number, fd_view fd);

} // namespace bpflink::detail
