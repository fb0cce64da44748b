// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/link_info.hpp>
#include <bpflink/program_type.hpp>

#include <optional>
#include <string>
#include <vector>

namespace tool {

/// What is printed of a link.
struct record {
    bpflink::link_info info;
    std::optional<bpflink::program_type> program_type; // asked for only where it adds something
    std::optional<std::vector<std::string>> pinned;    // empty when nobody looked
};

[[nodiscard]] record make_record(bpflink::link_info info);

} // namespace tool
