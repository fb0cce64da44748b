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
    for (std::size_t i = 0; i != row.size(); ++i) {
        row[i] = printable(row[i]);
        widths_[i] = std::max(widths_[i], columns(row[i]));
    }
    entries_.push_back({std::move(row), marked});
}

std::string table::render(std::size_t width, bool colour, bool headings) const {
    constexpr std::size_t gap = 2;
    std::string text;
    for (auto const& entry : entries_) {
        bool const heads = &entry == entries_.data();
        if (heads && !headings) continue;
        auto const& row = entry.row;
        std::string line;
        for (std::size_t i = 0; i != row.size(); ++i) {
            line += row[i];
            if (i + 1 != row.size()) line.append(widths_[i] - columns(row[i]) + gap, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1); // empty cells at the end
        line = cut(line, width);
        if (colour && heads)
            line = fmt::format(fmt::emphasis::bold, "{}", line);
        else if (colour && entry.marked)
            line = fmt::format(fmt::fg(fmt::terminal_color::yellow), "{}", line);
        text += line + "\n";
    }
    return text;
}

} // namespace tool
