// SPDX-License-Identifier: Apache-2.0
#include "pin/mounts.hpp"

#include <algorithm>
#include <charconv>

#include <sys/sysmacros.h>

namespace bpflink {
namespace {

/// Takes what is before a separator off a text, and the separator.
std::string_view take(std::string_view& text, char separator) {
    auto const end = std::min(text.find(separator), text.size());
    auto const taken = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return taken;
}

unsigned number(std::string_view text, int base) {
    unsigned value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
}

/// Whether a text begins as mangle_path() writes a space, tab, line end or backslash: \ooo.
bool is_escape(std::string_view text) {
    auto const is_octal = [](char digit) { return digit >= '0' && digit <= '7'; };
    return text.size() >= 4 && text[0] == '\\' && text[1] <= '3' &&
           std::ranges::all_of(text.substr(1, 3), is_octal);
}

std::string unescaped(std::string_view text) {
    std::string plain;
    while (!text.empty()) {
        bool const escape = is_escape(text);
        plain += escape ? static_cast<char>(number(text.substr(1, 3), 8)) : text.front();
        text.remove_prefix(escape ? 4 : 1);
    }
    return plain;
}

} // namespace

std::vector<mount> mounts_of(std::string_view table, std::string_view type) {
    // ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS [TAG...] - TYPE SOURCE OPTIONS
    std::vector<mount> found;
    while (!table.empty()) {
        auto line = take(table, '\n');
        take(line, ' ');
        take(line, ' ');
        auto device = take(line, ' ');
        take(line, ' ');
        auto const point = take(line, ' ');
        while (!line.empty() && take(line, ' ') != "-") {
        }
        if (take(line, ' ') != type) continue;
        take(line, ' ');
        auto const major = number(take(device, ':'), 10);
        found.push_back(
            {unescaped(point), ::gnu_dev_makedev(major, number(device, 10)), std::string{line}});
    }
    return found;
}

} // namespace bpflink
