// SPDX-License-Identifier: Apache-2.0
#include "symbol/names.hpp"

#include "error/fail.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

namespace bpflink {

bool matches_pattern(std::string_view text, std::string_view pattern) noexcept {
    std::size_t at = 0, in = 0;                           // the next character of each
    std::size_t after_star = pattern.npos, resume_at = 0; // where to try again from
    while (at < text.size()) {
        if (in < pattern.size() && pattern[in] == '*') {
            after_star = ++in;
            if (in == pattern.size()) return true;
            resume_at = at;
        } else if (in < pattern.size() && (pattern[in] == '?' || pattern[in] == text[at])) {
            ++in;
            ++at;
        } else if (after_star != pattern.npos) { // the last star takes one character more
            in = after_star;
            at = ++resume_at;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', in) == pattern.npos;
}

result<void> check_name(std::string_view name, std::string_view what) {
    if (name.empty())
        return fail(-EINVAL, operation::resolve_symbol, errc::invalid_argument, {},
                    std::string{what} + " is empty");
    if (name.find('\0') != name.npos)
        return fail(-EINVAL, operation::resolve_symbol, errc::invalid_argument, std::string{name},
                    std::string{what} + " has a zero byte in it");
    return {};
}

std::string hexadecimal(std::uint64_t number) {
    std::array<char, 16> digits;
    auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
    return "0x" + std::string{digits.data(), end};
}

std::string enumerated(std::span<std::string const> names, std::size_t most) {
    std::string text;
    for (auto const& name : names.first(std::min(names.size(), most)))
        text += (text.empty() ? "" : ", ") + name;
    if (names.size() > most) text += " and " + std::to_string(names.size() - most) + " more";
    return text;
}

} // namespace bpflink
