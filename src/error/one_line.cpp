// SPDX-License-Identifier: Apache-2.0
#include "error/one_line.hpp"

#include <algorithm>
#include <cstddef>

namespace bpflink {
namespace {

/// The number of bytes that the character in front has in UTF-8. 0 for a byte that begins none, and
/// for characters that control a terminal, end a line, or reverse the order of the text.
std::size_t size_of_character(std::string_view text) {
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    auto const lead = byte(0);
    if (lead < 0x80) return lead < 0x20 || lead == 0x7f ? 0 : 1;
    std::size_t const size = lead < 0xc2   ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
    if (text.size() < size) return 0;
    for (std::size_t i = 1; i < size; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    bool const is_control = lead == 0xc2 && byte(1) < 0xa0; // U+0080 to U+009F
    bool const ends_or_turns =
        lead == 0xe2 &&
        ((byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae) || // U+2028 to 202E
         (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9));  // U+2066 to 2069
    return is_control || ends_or_turns ? 0 : size;
}

} // namespace

std::string one_line(std::string_view text, char quote) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string line;
    while (!text.empty()) {
        auto const byte = static_cast<unsigned char>(text.front());
        auto const size = size_of_character(text);
        if (size == 0 && byte == '\n')
            line += "\\n";
        else if (size == 0)
            (line += "\\x").append({digits[byte / 16], digits[byte % 16]});
        else if (text.front() == quote)
            line.append(2, quote);
        else
            line += text.substr(0, size);
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return line;
}

} // namespace bpflink
