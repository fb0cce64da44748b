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

    explicit table(cells headings);

    /// @param row  as many cells as there are headings, of any bytes
    void add(cells row, bool marked = false);

    /// One line a row. Lines are cut to `width` columns, at the cost of the widest columns.
    /// @param colour    whether headings and marked rows stand out
    /// @param headings  whether their line is the first
    [[nodiscard]] std::string render(std::size_t width, bool colour, bool headings = true) const;

private:
    struct entry {
        cells row;
        std::vector<std::size_t> widths; ///< of each cell
        bool marked;
    };

    [[nodiscard]] std::vector<std::size_t> widths_within(std::size_t width) const;

    std::vector<entry> entries_; // the headings first
    std::vector<std::size_t> widths_;
};

} // namespace tool
