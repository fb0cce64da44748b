// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {
namespace detail {

/// The text of a number that has no name.
[[nodiscard]] inline std::string unknown(unsigned number) {
    return "unknown(" + std::to_string(number) + ")";
}

/// The name at `index`, or "unknown(index)".
[[nodiscard]] inline std::string name_or_number(std::span<std::string_view const> names,
                                                unsigned index) {
    if (index < names.size()) return std::string{names[index]};
    return unknown(index);
}

} // namespace detail
} // namespace bpflink
