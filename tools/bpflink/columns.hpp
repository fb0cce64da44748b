// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "record.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// The facts of a link that a column needs and that are not read of every link.
enum class column_needs { nothing, pins, holders };

/// One thing to print of a link: a column of list, and lines of show.
struct column {
    std::string_view name;    ///< in capitals
    std::string_view summary; ///< for --help
    column_needs needs;
    /// Each a line of show; joined by commas in a table. Empty: there is no such thing.
    std::vector<std::string> (*values)(record const& link);
};

/// All that there are, those of the table without -o first.
[[nodiscard]] std::span<column const> all_columns();

/// ID, TYPE, PROGRAM, STATE and TARGET.
[[nodiscard]] std::span<column const> basic_columns();

/// The meaning of -o and --sort. Throws usage_error where there is no such column.
/// @param name  in capitals or not
[[nodiscard]] column const& column_named(std::string_view name);

/// The names and what they are, a line each.
[[nodiscard]] std::string column_help();

/// A table's cell; "-" where there is no such thing.
[[nodiscard]] std::string cell_of(column const& which, record const& link);

} // namespace tool
