// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tool {

/// Names of devices, cgroups and pins may hold any byte. This is what may go to a terminal: bytes
/// that the locale does not print become \xNN.
[[nodiscard]] std::string printable(std::string_view bytes);

/// Whether it is so already, as each byte is a character of one column.
[[nodiscard]] bool is_printable(std::string_view bytes);

/// How many columns of a terminal a printable text takes.
[[nodiscard]] std::size_t columns(std::string_view text);

/// A printable text cut to `limit` columns, with an ellipsis where something is missing.
[[nodiscard]] std::string cut(std::string_view text, std::size_t limit);

/// The same, but of a path the first directories are left out: paths differ at their end.
[[nodiscard]] std::string cut_cell(std::string_view text, std::size_t limit);

} // namespace tool
