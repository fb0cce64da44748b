// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <concepts>
#include <iterator>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace tool {

// Values of JSON as text, written at once: thousands of links are listed.

/// On one line. Names that are not UTF-8 come out with U+FFFD in place of what is not.
[[nodiscard]] std::string to_text(nlohmann::ordered_json const& value);

/// A text with quotation marks around it.
void append_json(std::string& to, std::string_view text);
inline void append_json(std::string& to, std::string const& text) {
    append_json(to, std::string_view{text});
}
inline void append_json(std::string& to, char const* text) {
    append_json(to, std::string_view{text});
}
inline void append_json(std::string& to, bool value) {
    to += value ? "true" : "false";
}
void append_json(std::string& to, std::integral auto number) {
    char digits[24];
    to.append(digits, std::to_chars(std::begin(digits), std::end(digits), number).ptr);
}
inline void append_json(std::string& to, nlohmann::ordered_json const& value) {
    to += to_text(value);
}

} // namespace tool
