// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bpflink {

/// Views of several texts, for the hooks that take names as views: `.symbols = names` with
/// `auto const names = text_views(functions)`.
/// @param texts  borrowed by the views; a temporary does not compile
/// @throws std::bad_alloc  there is no memory
/// @cost one allocation
[[nodiscard]] std::vector<std::string_view> text_views(std::span<std::string const> texts);
std::vector<std::string_view> text_views(std::vector<std::string>&& texts) = delete;

} // namespace bpflink
