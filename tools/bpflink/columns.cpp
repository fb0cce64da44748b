// SPDX-License-Identifier: Apache-2.0
#include "columns.hpp"

#include "target.hpp"

#include <string>

#include <fmt/format.h>

namespace tool {

table::cells headings(bool pinned) {
    table::cells all{"ID", "TYPE", "PROGRAM", "STATE", "TARGET"};
    if (pinned) all.emplace_back("PINNED");
    return all;
}

table::cells cells_of(record const& link) {
    auto const& info = link.info;
    table::cells all{std::to_string(info.id.value()), to_string(info.type),
                     info.program == bpflink::program_id{} ? "-"
                                                           : std::to_string(info.program.value()),
                     to_string(state_of(info)), target_of(link)};
    if (link.pinned) all.push_back(fmt::format("{}", fmt::join(*link.pinned, ", ")));
    return all;
}

} // namespace tool
