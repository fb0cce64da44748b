// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <cstdint>
#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

/// The first 4,096 bytes of a file of sysfs or tracefs, without line ends at their end.
[[nodiscard]] result<std::string> read_small_file(std::string const& path);

/// A whole file of procfs, however long.
[[nodiscard]] result<std::string> read_whole_file(std::string const& path);

/// The decimal number in such a file.
/// @errors invalid_argument  something else is in it
[[nodiscard]] result<std::uint32_t> read_number(std::string const& path);

} // namespace bpflink
