// SPDX-License-Identifier: Apache-2.0
#include "filling.hpp"

#include "terminal.hpp"
#include "text.hpp"

#include <ranges>

namespace tool {

std::vector<text_part> parts_of(std::string_view text) {
    std::vector<text_part> parts;
    bool is_apart = false;
    bool is_open = false; // whether the last part may go on
    for (auto const range : std::views::split(text, '\n')) {
        std::string_view const line{range.begin(), range.end()};
        if (line.empty()) {
            is_apart = true;
            is_open = false;
            continue;
        }
        bool const is_kept = line.starts_with(' ');
        if (is_open && parts.back().is_kept == is_kept)
            (parts.back().text += is_kept ? '\n' : ' ') += line;
        else
            parts.push_back({std::string{line}, is_kept, is_apart});
        is_apart = false;
        is_open = true;
    }
    return parts;
}

std::string filled(std::string_view text, std::size_t indent, std::size_t width) {
    std::string lines;
    std::size_t at = indent;
    std::size_t blanks = 0; // in front of the next word; some names have several
    for (auto const range : std::views::split(text, ' ')) {
        std::string_view const word{range.begin(), range.end()};
        if (!word.empty()) {
            auto const wanted = columns(word);
            if (at == indent || at + blanks + wanted <= width) {
                lines.append(blanks, ' ');
                at += blanks + wanted;
            } else {
                lines.append(1, '\n').append(indent, ' ');
                at = indent + wanted;
            }
            lines += word;
            blanks = 0;
        }
        ++blanks;
    }
    return blanks > 1 ? lines.append(blanks - 1, ' ') : lines;
}

std::string prose(std::string_view text, std::size_t indent) {
    return filled(printable(text), indent, prose_width());
}

} // namespace tool
