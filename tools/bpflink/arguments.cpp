// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"

#include <bpflink/link_traits.hpp>

#include <charconv>
#include <limits>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace tool {
namespace {

// Not CLI11's own conversion: that takes 010 for 8.
std::optional<std::uint32_t> parse_number(std::string_view word) {
    std::uint32_t number = 0;
    auto const [end, problem] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (problem != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return number;
}

} // namespace

std::uint32_t parse_id(std::string const& word) {
    auto const number = parse_number(word);
    if (!number || *number == 0)
        throw CLI::ValidationError{fmt::format("'{}' is no id: a decimal number from 1 on", word)};
    return *number;
}

bpflink::link_type parse_type(std::string const& word) {
    if (auto const type = bpflink::parse_link_type(word)) return *type;
    if (auto const number = parse_number(word)) return static_cast<bpflink::link_type>(*number);
    throw CLI::ValidationError{fmt::format("'{}' is no type of link: {}, or a number", word,
                                           type_names(std::numeric_limits<std::size_t>::max()))};
}

std::string type_names(std::size_t width) {
    std::string names;
    std::size_t line = 0; // where the last line starts
    for (auto const& kind : bpflink::link_traits_table) {
        if (kind.type == bpflink::link_type::unspec) continue;
        if (!names.empty()) {
            names += ",";
            bool const fits = names.size() + 1 + kind.name.size() + 1 - line <= width;
            names += fits ? ' ' : '\n';
            if (!fits) line = names.size();
        }
        names += kind.name;
    }
    return names;
}

} // namespace tool
