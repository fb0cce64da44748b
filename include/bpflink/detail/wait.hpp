// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

namespace bpflink::detail {

/// A descriptor of one's own for what `fd` is open for: a loop closes what it watches.
[[nodiscard]] result<unique_fd> duplicated(fd_view fd);

/// Why waiting for `fd` ended without its being ready.
[[nodiscard]] error not_waited(int number, fd_view fd);

} // namespace bpflink::detail
