// SPDX-License-Identifier: Apache-2.0
#include "table.hpp"

#include "text.hpp"

#include <algorithm>
#include <numeric>
#include <string_view>

#include <fmt/color.h>

namespace tool {
namespace {

constexpr std::size_t gap = 2; // between columns

} // namespace

table::table(cells const& headings) : widths_(headings.size()) {
    add(headings);
}

void table::add(cells const& row, bool marked) {
    for (std::size_t i = 0; i != row.size(); ++i) {
        bool const is_plain = is_printable(row[i]);
        auto const escaped = is_plain ? std::string{} : printable(row[i]);
        text_ += is_plain ? row[i] : escaped;
        auto const width = is_plain ? row[i].size() : columns(escaped);
        cells_.push_back({text_.size(), width});
        widths_[i] = std::max(widths_[i], width);
    }
    marked_.push_back(marked);
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
    text.reserve(text_.size() + cells_.size() * (gap + 1));
    std::string line;
    auto next = cells_.begin();
    std::size_t begin = 0;
    for (std::size_t row = 0; row != marked_.size(); ++row) {
        bool const heads = row == 0;
        line.clear();
        for (std::size_t i = 0; i != widths.size(); ++i, ++next) {
            auto const whole = std::string_view{text_}.substr(begin, next->end - begin);
            begin = next->end;
            std::size_t taken = next->width;
            if (taken <= widths[i])
                line += whole;
            else {
                auto const part = cut_cell(whole, widths[i]);
                line += part;
                taken = columns(part);
            }
            if (i + 1 != widths.size()) line.append(widths[i] - taken + gap, ' ');
        }
        if (heads && !headings) continue;
        line.erase(line.find_last_not_of(' ') + 1); // empty cells at the end
        if (line.size() > width) line = cut(line, width);
        if (colour && heads)
            text += fmt::format(fmt::emphasis::bold, "{}", line);
        else if (colour && marked_[row])
            text += fmt::format(fmt::fg(fmt::terminal_color::yellow), "{}", line);
        else
            text += line;
        text += '\n';
    }
    return text;
}

} // namespace tool
