// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

namespace bpflink::detail {

/// A duplicate of `fd`, owned by the caller.
[[nodiscard]] result<unique_fd> duplicated(fd_view fd, bool survives_exec = false);

/// An epoll descriptor that is readable when `fd` is, or when its object has ended. Give a loop
/// this one: loops close what they watch, and Asio sets O_NONBLOCK on the shared file.
[[nodiscard]] result<unique_fd> watched(fd_view fd);

/// Why waiting for `fd` ended without its being ready.
[[nodiscard]] error not_waited(int number, fd_view fd);

} // namespace bpflink::detail
