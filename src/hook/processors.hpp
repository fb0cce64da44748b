// SPDX-License-Identifier: Apache-2.0
#pragma once

// The processors that are online.

#include <bpflink/error.hpp>

#include <functional>
#include <optional>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Calls `look` with the number of each, from the lowest on, until it returns false.
/// @errors not_found         /sys is not mounted
///         EINVAL            the text does not list processors; `look` may have been called
///         EMFILE, ENOMEM, EIO
/// @cost 3 system calls
[[nodiscard]] result<void> for_each_processor(std::function<bool(int)> const& look);

/// The lowest one; nothing where none is known.
[[nodiscard]] std::optional<int> first_processor();

} // namespace bpflink
