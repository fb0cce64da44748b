// SPDX-License-Identifier: Apache-2.0
#pragma once

// The names that libbpf gives the sections of programs, as rows of the hook that they are for.

#include <bpflink/hook/any_hook.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace bpflink::detail {

/// A name of a section: SEC("kprobe/FUNCTION").
struct section {
    std::string_view kind;      // "kprobe", "cgroup/connect4": all of it, or up to the rest
    std::string_view rest = {}; // "FUNCTION", as the docs have it; empty: nothing may follow
    // The hook; nothing where the rest does not say it.
    std::optional<any_hook> (*read)(std::string_view kind, std::string_view rest) = nullptr;
    std::string_view lacks = {};   // "which function", where there is no hook
    std::string_view no_link = {}; // why nothing makes a link of it
};

} // namespace bpflink::detail

namespace [[gnu::visibility("hidden")]] bpflink {

/// The hook as it is: where the place is in the program.
template <class Hook>
[[nodiscard]] std::optional<any_hook> as_loaded(std::string_view, std::string_view) {
    return Hook{};
}

/// The texts before and after a character; nothing where it is missing, or either is empty.
[[nodiscard]] constexpr std::optional<std::pair<std::string_view, std::string_view>>
split(std::string_view text, char at) {
    auto const found = text.find(at);
    if (found == 0 || found >= text.size() - 1) return std::nullopt; // npos, too
    return std::pair{text.substr(0, found), text.substr(found + 1)};
}

/// A place as libbpf spells it: a name, and bytes from it ("+8", "+0x8").
struct name_and_offset {
    std::string_view name;
    std::uint64_t offset = 0;
};

/// Nothing where what follows the last plus is not a number.
[[nodiscard]] inline std::optional<name_and_offset> with_offset(std::string_view text) {
    auto const plus = text.rfind('+');
    if (plus == text.npos) return name_and_offset{text};
    auto digits = text.substr(plus + 1);
    int base = 10;
    if (digits.starts_with("0x") || digits.starts_with("0X")) {
        base = 16;
        digits.remove_prefix(2);
    } else if (digits.size() > 1 && digits.front() == '0') {
        base = 8;
    }
    name_and_offset told{text.substr(0, plus)};
    std::string const number{digits};
    auto const* const end = number.data() + number.size();
    auto const read = std::from_chars(number.data(), end, told.offset, base);
    if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    return told;
}

} // namespace bpflink
