// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "record.hpp"
#include "table.hpp"

namespace tool {

/// The headings of the table of links.
[[nodiscard]] table::cells headings(bool pinned);

/// One link's row.
[[nodiscard]] table::cells cells_of(record const& link);

} // namespace tool
