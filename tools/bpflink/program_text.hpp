// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/ids.hpp>
#include <bpflink/program_info.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace tool {

/// "35 count_packets", "35" where nothing tells the name, and "-" for none.
[[nodiscard]] std::string program_text(bpflink::program_id id,
                                       std::shared_ptr<bpflink::program_info const> const& program);

/// 16 hexadecimal digits.
[[nodiscard]] std::string tag_of(bpflink::program_info const& program);

/// When it was loaded, in seconds since 1970.
[[nodiscard]] std::int64_t loaded_at(bpflink::program_info const& program);

/// The same as date and time of here: "2026-11-26 17:05:00".
[[nodiscard]] std::string loaded_text(bpflink::program_info const& program);

} // namespace tool
