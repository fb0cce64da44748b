// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// A part of a text: a paragraph, or lines that stay as they are, each of which starts with a
/// blank.
struct text_part {
    std::string text; ///< without a line's end behind it
    bool is_kept;
    bool is_apart; ///< an empty line is in front of it
};

[[nodiscard]] std::vector<text_part> parts_of(std::string_view text);

/// Breaks a printable text at blanks, into lines that end before `width` where a word allows it.
/// @param indent  where each line starts; the blanks of the first one are the caller's
[[nodiscard]] std::string filled(std::string_view text, std::size_t indent, std::size_t width);

/// A sentence of any bytes, as it may go to a terminal: in lines that fit it. Elsewhere it is one
/// line.
[[nodiscard]] std::string prose(std::string_view text, std::size_t indent = 0);

} // namespace tool
