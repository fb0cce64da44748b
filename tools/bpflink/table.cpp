// SPDX-License-Identifier: Apache-2.0
#include "table.hpp"

#include "text.hpp"

#include <algorithm>
#include <utility>

#include <fmt/color.h>

namespace tool {

table::table(cells headings) : widths_(headings.size()) {
    add(std::move(headings));
}

void table::add(cells row, bool marked) {
    std::vector<std::size_t> widths;
    widths.reserve(row.size());
    for (std::size_t i = 0; i != row.size(); ++i) {
        bool const is_plain = is_printable(row[i]);
        if (!is_plain) row[i] = printable(row[i]);
        widths.push_back(is_plain ? row[i].size() : columns(row[i]));
        widths_[i] = std::max(widths_[i], widths.back());
    }
    entries_.push_back({std::move(row), std::move(widths), marked});
}

std::string table::render(std::size_t width, bool colour, bool headings) const {
    constexpr std::size_t gap = 2;
    std::string text;
    std::string line;
    for (auto const& entry : entries_) {
        bool const heads = &entry == entries_.data();
        if (heads && !headings) continue;
        line.clear();
        for (std::size_t i = 0; i != entry.row.size(); ++i) {
            line += entry.row[i];
            if (i + 1 != entry.row.size()) line.append(widths_[i] - entry.widths[i] + gap, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1); // empty cells at the end
        if (line.size() > width) line = cut(line, width);
        if (colour && heads)
            text += fmt::format(fmt::emphasis::bold, "{}", line);
        else if (colour && entry.marked)
            text += fmt::format(fmt::fg(fmt::terminal_color::yellow), "{}", line);
        else
            text += line;
        text += '\n';
    }
    return text;
}

} // namespace tool
