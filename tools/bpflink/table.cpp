// SPDX-License-Identifier: Apache-2.0
#include "table.hpp"

#include "text.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/color.h>

namespace tool {
namespace {

constexpr std::size_t gap = 2; // between columns

} // namespace

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

std::vector<std::size_t> table::widths_within(std::size_t width) const {
    constexpr std::size_t least = 8; // a narrower cell tells nothing
    auto widths = widths_;
    for (auto total = std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - 1));
         total > width; --total) {
        auto const widest = std::ranges::max_element(widths);
        if (*widest <= least) break;
        --*widest;
    }
    return widths;
}

std::string table::render(std::size_t width, bool colour, bool headings) const {
    auto const widths = widths_within(width);
    std::string text;
    std::string line;
    for (auto const& each : entries_) {
        bool const heads = &each == entries_.data();
        if (heads && !headings) continue;
        line.clear();
        for (std::size_t i = 0; i != each.row.size(); ++i) {
            bool const fits = each.widths[i] <= widths[i];
            auto const cell = fits ? each.row[i] : cut_cell(each.row[i], widths[i]);
            line += cell;
            if (i + 1 != each.row.size())
                line.append(widths[i] - (fits ? each.widths[i] : columns(cell)) + gap, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1); // empty cells at the end
        if (line.size() > width) line = cut(line, width);
        if (colour && heads)
            text += fmt::format(fmt::emphasis::bold, "{}", line);
        else if (colour && each.marked)
            text += fmt::format(fmt::fg(fmt::terminal_color::yellow), "{}", line);
        else
            text += line;
        text += '\n';
    }
    return text;
}

} // namespace tool
