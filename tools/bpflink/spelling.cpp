// SPDX-License-Identifier: Apache-2.0
#include "spelling.hpp"

#include "arguments.hpp"
#include "parameters.hpp"

#include <bpflink/link.hpp>
#include <bpflink/program.hpp>
#include <bpflink/targets.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include <bpf/bpf.h>
#include <fcntl.h>

namespace tool {
namespace {

namespace bl = bpflink;

bool is_path(std::string_view word) {
    return word.find('/') != std::string_view::npos;
}

/// The text behind "KIND:".
std::optional<std::string> after(std::string_view kind, std::string_view word) {
    if (!word.starts_with(kind) || !word.substr(kind.size()).starts_with(':')) return std::nullopt;
    return std::string{word.substr(kind.size() + 1)};
}

template <class T>
std::optional<T> number_in(std::string_view word) {
    bool const is_hex = word.starts_with("0x") || word.starts_with("0X");
    if (is_hex) word.remove_prefix(2);
    T number{};
    auto const* const last = word.data() + word.size();
    auto const [end, problem] = std::from_chars(word.data(), last, number, is_hex ? 16 : 10);
    if (problem != std::errc{} || end != last || (is_hex && word.starts_with('-')))
        return std::nullopt;
    return number;
}

/// The descriptor that libbpf opened, or a negative errno.
bl::result<bl::unique_fd> opened(int outcome, bl::operation what, std::string subject) {
    if (outcome < 0) return tl::unexpected{bl::error{-outcome, what, std::move(subject)}};
    return bl::unique_fd{outcome};
}

/// A pin has no contents, and says so by EIO. Never a FIFO's other end is waited for.
bl::result<bl::unique_fd> open_path(std::string const& path) {
    int const file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file >= 0 || errno != EIO)
        return opened(file < 0 ? -errno : file, bl::operation::open, path);
    return opened(::bpf_obj_get(path.c_str()), bl::operation::obj_get, path);
}

/// Lends a descriptor until the attach is done.
meaning<bl::fd_view> lent(std::string path) {
    return [path = std::move(path)](belongings& kept) {
        return open_path(path).map(
            [&](bl::unique_fd&& fd) { return bl::fd_view{kept.keep(std::move(fd))}; });
    };
}

template <class T>
bl::order next_to(side where, T const& there) {
    return where == side::before ? bl::order::before(there) : bl::order::after(there);
}

/// Next to what has an id, or a pin.
template <class Argument>
meaning<bl::order> beside(side where, Argument there) {
    return [=](belongings& kept) -> bl::result<bl::order> {
        if (auto const* const id = std::get_if<0>(&there)) return next_to(where, *id);
        return open(there).map(
            [&](auto&& handle) { return next_to(where, kept.keep(std::move(handle))); });
    };
}

} // namespace

void refuse_word(std::string const& word, std::string const& needed) {
    throw usage_error{fmt::format("'{}' is not right here: give {}", word, needed)};
}

std::uint64_t parse_unsigned(std::string const& word, std::uint64_t most) {
    auto const number = number_in<std::uint64_t>(word);
    if (!number || *number > most)
        refuse_word(word, fmt::format("a number from 0 to {}, decimal or after 0x", most));
    return *number;
}

std::int64_t parse_signed(std::string const& word, std::int64_t least, std::int64_t most) {
    auto const number = number_in<std::int64_t>(word);
    if (!number || *number < least || *number > most)
        refuse_word(word, fmt::format("a number from {} to {}", least, most));
    return *number;
}

meaning<std::string_view> read(std::string const& word, type<std::string_view> /*as*/) {
    return [word](belongings& kept) { return std::string_view{kept.keep(word)}; };
}

meaning<bl::ifindex> read(std::string const& word, type<bl::ifindex> /*as*/) {
    if (auto const index = number_in<std::uint32_t>(word))
        return [index](belongings&) { return bl::ifindex{*index}; };
    if (word.empty()) refuse_word(word, "an interface's name or index");
    return [word](belongings&) { return bl::ifindex_of(word); };
}

meaning<bl::fd_view> read(std::string const& word, type<bl::fd_view> /*as*/) {
    if (auto const number = after("fd", word)) {
        auto const fd = static_cast<int>(parse_unsigned(*number, std::numeric_limits<int>::max()));
        return [fd](belongings&) { return bl::fd_view{fd}; };
    }
    if (auto const id = after("program", word))
        return [named = parse_program(*id)](belongings& kept) {
            return open(named).map(
                [&](bl::program&& prog) { return kept.keep(std::move(prog)).fd(); });
        };
    if (!is_path(word)) refuse_word(word, "a path with a slash in it, program:ID or fd:NUMBER");
    return lent(word);
}

meaning<bl::map_ref> read(std::string const& word, type<bl::map_ref> /*as*/) {
    if (!is_path(word) && number_in<std::uint32_t>(word).value_or(0) == 0)
        refuse_word(word, "a map's id, or the path of its pin with a slash in it");
    return [word](belongings& kept) {
        return open_map(word).and_then(
            [&](bl::unique_fd&& fd) { return bl::map_ref::from_fd(kept.keep(std::move(fd))); });
    };
}

meaning<bl::iter_cgroup> read(std::string const& word, type<bl::iter_cgroup> /*as*/) {
    if (!is_path(word)) {
        auto const id = parse_unsigned(word, std::numeric_limits<std::uint64_t>::max());
        return [id](belongings&) { return bl::iter_cgroup{.cgroup = id}; };
    }
    return [directory = lent(word)](belongings& kept) {
        return directory(kept).map([](bl::fd_view fd) { return bl::iter_cgroup{.cgroup = fd}; });
    };
}

meaning<bl::iter_task> read(std::string const& word, type<bl::iter_task> /*as*/) {
    using enum bl::iter_task::kind;
    auto const thread_number = after("thread", word);
    auto const number = thread_number ? *thread_number : after("process", word).value_or(word);
    auto const task = static_cast<std::uint32_t>(
        parse_unsigned(number, std::numeric_limits<std::uint32_t>::max()));
    auto const which = thread_number ? thread : process;
    return [=](belongings&) { return bl::iter_task{.task = task, .which = which}; };
}

meaning<bl::order> read_anchor(std::string const& word, side where) {
    if (auto const link = after("link", word)) return beside(where, parse_link(*link));
    if (auto const program = after("program", word)) return beside(where, parse_program(*program));
    refuse_word(word, "link:ID or program:ID, or a pin's path in place of the ID");
}

bl::attach_type parse_attach_type(std::string const& word, std::string_view hook,
                                  std::span<bl::attach_type const> all) {
    std::string choice;
    for (auto const each : all) {
        auto const name = to_string(each);
        if (name == word || name == fmt::format("{}_{}", hook, word)) return each;
        (choice += choice.empty() ? "" : ", ") += name;
    }
    refuse_word(word, "one of " + choice);
}

} // namespace tool
