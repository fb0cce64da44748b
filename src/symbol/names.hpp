// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Whether all of `text` is what `pattern` says: * is any text, ? any one character.
[[nodiscard]] bool matches_pattern(std::string_view text, std::string_view pattern) noexcept;

/// @errors invalid_argument  empty, or a zero byte in it; says `what` it is ("the pattern")
[[nodiscard]] result<void> check_name(std::string_view name, std::string_view what);

/// "0x1f".
[[nodiscard]] std::string hexadecimal(std::uint64_t number);

/// "a, b, c and 7 more", with `most` of them named.
[[nodiscard]] std::string enumerated(std::span<std::string const> names, std::size_t most);

} // namespace bpflink
