// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tool {

/// Rows in aligned columns.
class table {
public:
    using cells = std::vector<std::string>;

    explicit table(cells const& headings);

    /// @param row  as many cells as there are headings, of any bytes
    void add(cells const& row, bool marked = false);

    /// One line a row. Lines are cut to `width` columns, at the cost of the widest columns.
    /// @param colour    whether headings and marked rows stand out
    /// @param headings  whether their line is the first
    [[nodiscard]] std::string render(std::size_t width, bool colour, bool headings = true) const;

private:
    struct cell {
        std::size_t end; ///< in the text
        std::size_t width;
    };

    [[nodiscard]] std::vector<std::size_t> widths_within(std::size_t width) const;

    // Thousands of rows are one text: their pages take longer than their bytes.
    std::string text_;
    std::vector<cell> cells_;  // row by row, the headings first
    std::vector<bool> marked_; // of each row
    std::vector<std::size_t> widths_;
};

} // namespace tool
