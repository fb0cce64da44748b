// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {
namespace detail {

/// The name at `index`, or "unknown(index)".
[[nodiscard]] inline std::string name_or_number(std::span<std::string_view const> names,
                                                unsigned index) {
    if (index < names.size()) return std::string{names[index]};
    return "unknown(" + std::to_string(index) + ")";
}

} // namespace detail
} // namespace bpflink
