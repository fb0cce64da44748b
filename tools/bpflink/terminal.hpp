// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace tool {

/// The most columns that a line of prose takes.
inline constexpr std::size_t most_readable = 100;

/// How many columns a line of output may take: the terminal's, else $COLUMNS, else any number.
[[nodiscard]] std::size_t output_width();

/// How many columns a line of prose may take: the terminal's, up to most_readable; without a
/// terminal, any number.
[[nodiscard]] std::size_t prose_width();

/// How many lines the terminal shows at once; without a terminal, any number.
[[nodiscard]] std::size_t output_height();

/// Whether output goes to a terminal that can move its cursor.
[[nodiscard]] bool on_terminal();

/// Whether output may be coloured: on a terminal, unless $NO_COLOR (no-color.org) asks for none.
[[nodiscard]] bool wants_colour();

} // namespace tool
