// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include <algorithm>
#include <clocale>
#include <cwchar>

#include <fmt/format.h>

namespace tool {
namespace {

/// Whether a byte is a character of one column by itself, as it is in every locale's encoding.
bool is_plain(char byte) {
    return byte >= ' ' && byte <= '~';
}

/// The first character of a text in the locale's encoding.
struct character {
    std::string_view bytes;
    int columns; // negative: not to be printed
};

character first_of(std::string_view text) {
    if (is_plain(text.front())) return {text.substr(0, 1), 1}; // most of what there is
    // Its files are read when a text needs them first.
    [[maybe_unused]] static auto const* const locale = std::setlocale(LC_CTYPE, "");
    wchar_t wide = 0;
    std::mbstate_t state{};
    auto const size = std::mbrtowc(&wide, text.data(), text.size(), &state);
    if (size == 0 || size > text.size()) return {text.substr(0, 1), -1}; // NUL, or no character
    return {text.substr(0, size), ::wcwidth(wide)};
}

/// "…" where the locale has it.
std::string_view ellipsis() {
    static constexpr std::string_view dots{"…"};
    return first_of(dots).bytes == dots ? dots : "...";
}

} // namespace

bool is_printable(std::string_view bytes) {
    return std::ranges::all_of(bytes, is_plain);
}

std::string printable(std::string_view bytes) {
    if (is_printable(bytes)) return std::string{bytes};
    std::string text;
    while (!bytes.empty()) {
        auto const next = first_of(bytes);
        if (next.columns >= 0)
            text += next.bytes;
        else
            for (char const byte : next.bytes)
                text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
        bytes.remove_prefix(next.bytes.size());
    }
    return text;
}

std::size_t columns(std::string_view text) {
    if (is_printable(text)) return text.size();
    std::size_t total = 0;
    while (!text.empty()) {
        auto const next = first_of(text);
        if (next.columns > 0) total += static_cast<std::size_t>(next.columns);
        text.remove_prefix(next.bytes.size());
    }
    return total;
}

std::string cut(std::string_view text, std::size_t limit) {
    if (columns(text) <= limit) return std::string{text};
    auto const tail = columns(ellipsis()) <= limit ? ellipsis() : std::string_view{};
    std::string head;
    for (auto left = limit - columns(tail);;) {
        auto const next = first_of(text);
        auto const wanted = next.columns > 0 ? static_cast<std::size_t>(next.columns) : 0;
        if (wanted > left) return head.append(tail);
        left -= wanted;
        head += next.bytes;
        text.remove_prefix(next.bytes.size());
    }
}

std::string cut_cell(std::string_view text, std::size_t limit) {
    if (!text.starts_with('/') || columns(text) <= limit) return cut(text, limit);
    auto const path = text.substr(0, text.find(", "));
    std::string shorter{text};
    for (auto slash = path.find('/', 1); slash != path.npos && columns(shorter) > limit;
         slash = path.find('/', slash + 1))
        shorter = std::string{ellipsis()}.append(text.substr(slash));
    return cut(shorter, limit);
}

} // namespace tool
