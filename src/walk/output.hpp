// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "border/opened.hpp"

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

#include <cstddef>
#include <span>

namespace [[gnu::visibility("hidden")]] bpflink {
namespace detail {

/// iter_output::open and read, of a bare descriptor.
[[nodiscard]] result<sys::opened> open_output(fd_view link);
[[nodiscard]] result<std::size_t> read_output(fd_view run, std::span<std::byte> into);

} // namespace detail
} // namespace bpflink
