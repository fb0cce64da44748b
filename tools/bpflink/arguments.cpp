// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"

#include <bpflink/link_traits.hpp>

#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include <bpf/bpf.h>

namespace tool {
namespace bl = bpflink;

namespace {

template <class T = std::uint32_t>
std::optional<T> parse_number(std::string_view word) {
    T number{};
    auto const [end, problem] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (problem != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return number;
}

bool is_path(std::string const& word) {
    return word.find('/') != std::string::npos;
}

/// @param object  "link", "program"
std::uint32_t parse_id_not_path(std::string const& word, char const* object) {
    auto const number = parse_number(word);
    if (!number || *number == 0)
        throw usage_error{fmt::format(
            "'{}' is not a {}: give its id, a decimal number from 1 on, or the path of a pin, "
            "with a slash in it",
            word, object)};
    return *number;
}

} // namespace

std::uint32_t parse_id(std::string const& word) {
    auto const number = parse_number(word);
    if (!number || *number == 0)
        throw usage_error{fmt::format("'{}' is not an id: give a decimal number from 1 on", word)};
    return *number;
}

link_argument parse_link(std::string const& word) {
    if (is_path(word)) return word;
    return bpflink::link_id{parse_id_not_path(word, "link")};
}

bpflink::result<bpflink::link> open(link_argument const& link) {
    if (auto const* const id = std::get_if<bpflink::link_id>(&link))
        return bpflink::link::from_id(*id);
    return bpflink::link::load_pinned(std::get<std::string>(link));
}

program_argument parse_program(std::string const& word) {
    if (is_path(word)) return word;
    return bpflink::program_id{parse_id_not_path(word, "program")};
}

bpflink::result<bpflink::program> open(program_argument const& program) {
    if (auto const* const id = std::get_if<bpflink::program_id>(&program))
        return bpflink::program::from_id(*id);
    return bpflink::program::load_pinned(std::get<std::string>(program));
}

bpflink::result<bpflink::program_id> id_of(program_argument const& program) {
    if (auto const* const id = std::get_if<bpflink::program_id>(&program)) return *id;
    return open(program).map([](bpflink::program const& opened) { return opened.id(); });
}

bl::result<bl::unique_fd> open_map(std::string const& word) {
    auto const fail = [](auto... of) { return tl::unexpected{bl::error{errno, of...}}; };
    if (is_path(word)) {
        bl::unique_fd pinned{::bpf_obj_get(word.c_str())};
        if (!pinned) return fail(bl::operation::obj_get, word);
        return pinned;
    }
    bl::unique_fd opened{::bpf_map_get_fd_by_id(parse_id(word))};
    if (opened) return opened;
    return fail(bl::operation::open, bl::usual_condition(errno), "map " + word,
                errno == ENOENT  ? "nothing has this id, or it has ended"
                : errno == EPERM ? "opening by id needs CAP_SYS_ADMIN: run with it"
                                 : "");
}

void add_program(parameters const& takes, program_argument& into) {
    takes
        .word(
            "--program", [&into](std::string const& word) { into = parse_program(word); },
            "The program: its id, or the path of a pin")
        .shown_as("PROGRAM")
        .required();
}

void add_link(parameters const& takes, link_argument& into) {
    takes
        .word(
            "ID|PATH", [&into](std::string const& word) { into = parse_link(word); },
            "The link: its id, as list prints it, or the path of a pin")
        .required();
}

void add_path(parameters const& takes, std::string& into, std::string const& description) {
    takes.word("PATH", into, description).required();
}

std::uint32_t parse_whole(std::string const& word, std::uint32_t least, std::uint32_t most) {
    auto const number = parse_number(word);
    if (!number || *number < least || *number > most)
        throw usage_error{fmt::format("'{}' is not right here: give a whole number from {} to {}, "
                                      "without a unit",
                                      word, least, most)};
    return *number;
}

double parse_decimal(std::string const& word, double least, double most) {
    auto const number = parse_number<double>(word);
    if (!number || !(*number >= least && *number <= most)) // NaN is not
        throw usage_error{fmt::format("'{}' is not right here: give a number from {} to {}, "
                                      "without a unit",
                                      word, least, most)};
    return *number;
}

bpflink::link_type parse_type(std::string const& word) {
    if (auto const type = bpflink::parse_link_type(word)) return *type;
    if (auto const number = parse_number(word)) return static_cast<bpflink::link_type>(*number);
    throw usage_error{
        fmt::format("'{}' is not a type of link: give one of {}, or a number", word, type_names())};
}

std::string type_names() {
    std::string names;
    for (auto const& kind : bpflink::link_traits_table) {
        if (kind.type == bpflink::link_type::unspec) continue;
        if (!names.empty()) names += ", ";
        names += kind.name;
    }
    return names;
}

} // namespace tool
