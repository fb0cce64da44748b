// SPDX-License-Identifier: Apache-2.0
#include <bpflink/lifecycle/pin_name.hpp>

namespace bpflink {
namespace {

constexpr std::string_view digits = "0123456789ABCDEF";

bool is_escaped(char letter) {
    auto const byte = static_cast<unsigned char>(letter);
    return byte < 0x20 || byte == 0x7f || letter == '.' || letter == '/' || letter == '%';
}

} // namespace

std::string pin_name(std::string_view text) {
    if (text.empty()) return "%";
    std::string name;
    for (char const letter : text) {
        if (!is_escaped(letter)) {
            name += letter;
            continue;
        }
        auto const byte = static_cast<unsigned char>(letter);
        name += '%';
        name += digits[byte / 16];
        name += digits[byte % 16];
    }
    return name;
}

std::optional<std::string> text_of_pin_name(std::string_view name) {
    if (name.empty()) return std::nullopt;
    if (name == "%") return std::string{};
    std::string text;
    for (std::size_t at = 0; at != name.size(); ++at) {
        if (name[at] != '%') {
            if (is_escaped(name[at])) return std::nullopt;
            text += name[at];
            continue;
        }
        if (name.size() - at < 3) return std::nullopt;
        auto const high = digits.find(name[at + 1]);
        auto const low = digits.find(name[at + 2]);
        if (high == digits.npos || low == digits.npos) return std::nullopt;
        auto const letter = static_cast<char>(high * 16 + low);
        if (!is_escaped(letter)) return std::nullopt; // it would have stayed
        text += letter;
        at += 2;
    }
    return text;
}

} // namespace bpflink
