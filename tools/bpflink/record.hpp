// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "interfaces.hpp"

#include <bpflink/link_info.hpp>
#include <bpflink/link_record.hpp>
#include <bpflink/program_type.hpp>

#include <optional>
#include <string>
#include <vector>

namespace tool {

/// What is printed of a link.
struct record {
    bpflink::link_info info;
    std::optional<bpflink::program_type> program_type; // asked for only where it adds something
    std::optional<std::string> device; // the interface's name, where that is known to be of here
    std::optional<std::vector<std::string>> pinned; // empty when nobody looked
};

/// What a record tells of an info: its kind, its place, and nothing else.
[[nodiscard]] bpflink::link_info info_of(bpflink::link_record const& link);

/// @param here  asked for the names of interfaces
[[nodiscard]] record make_record(bpflink::link_info info, interfaces& here);

} // namespace tool
