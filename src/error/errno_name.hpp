// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace [[gnu::visibility("hidden")]] bpflink {

/// The name of an errno: "ENOENT". A null pointer where the C library does not know it.
[[nodiscard]] char const* errno_name(int number) noexcept;

} // namespace bpflink
