// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/attach_type.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/hook/all.hpp>
#include <bpflink/hook/order.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/map_ref.hpp>

#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// How a value that a hook's field takes is written on the command line, by the field's type.

namespace tool {

/// The owner of the things that fields borrow: it stays until the attach is done.
class belongings {
public:
    template <class T>
    T& keep(T what) {
        auto kept = std::make_shared<T>(std::move(what));
        all_.push_back(kept);
        return *kept;
    }

private:
    std::vector<std::shared_ptr<void>> all_;
};

/// Looks up the value that a word stands for: an interface's index, a descriptor.
template <class T>
using meaning = std::function<bpflink::result<T>(belongings&)>;

template <class T>
using type = std::type_identity<T>;

/// A name and what it stands for.
template <class T>
using named = std::pair<std::string_view, T>;

constexpr auto names_of(type<bpflink::xdp_mode> /*of*/) {
    using enum bpflink::xdp_mode;
    return std::to_array<named<bpflink::xdp_mode>>(
        {{"automatic", automatic}, {"generic", generic}, {"driver", driver}, {"offload", offload}});
}
constexpr auto names_of(type<bpflink::protocol_family> /*of*/) {
    using enum bpflink::protocol_family;
    return std::to_array<named<bpflink::protocol_family>>({{"ipv4", ipv4}, {"ipv6", ipv6}});
}
constexpr auto names_of(type<bpflink::netfilter_hook> /*of*/) {
    using enum bpflink::netfilter_hook;
    return std::to_array<named<bpflink::netfilter_hook>>({{"prerouting", prerouting},
                                                          {"local_in", local_in},
                                                          {"forward", forward},
                                                          {"local_out", local_out},
                                                          {"postrouting", postrouting}});
}
constexpr auto names_of(type<bpflink::cgroup_iter_order> /*of*/) {
    using enum bpflink::cgroup_iter_order;
    return std::to_array<named<bpflink::cgroup_iter_order>>({{"self_only", self_only},
                                                             {"descendants_pre", descendants_pre},
                                                             {"descendants_post", descendants_post},
                                                             {"ancestors_up", ancestors_up},
                                                             {"children", children}});
}

/// "a|b|c"
template <class T>
[[nodiscard]] std::string choice_of(std::span<named<T> const> all) {
    std::string text;
    for (auto const& each : all)
        (text += text.empty() ? "" : "|") += each.first;
    return text;
}

/// Refuses a word, with the words that would do.
[[noreturn]] void refuse_word(std::string const& word, std::string const& needed);

/// A number in decimal, or in hexadecimal after 0x; both within the limits.
[[nodiscard]] std::uint64_t parse_unsigned(std::string const& word, std::uint64_t most);
[[nodiscard]] std::int64_t parse_signed(std::string const& word, std::int64_t least,
                                        std::int64_t most);

template <class T>
[[nodiscard]] T parse_name(std::string const& word, std::span<named<T> const> all) {
    for (auto const& [name, value] : all)
        if (name == word) return value;
    refuse_word(word, choice_of(all));
}

// Each of these reads one word, and throws usage_error where that means nothing.

template <std::integral T>
[[nodiscard]] meaning<T> read(std::string const& word, type<T> /*as*/) {
    using limits = std::numeric_limits<T>;
    T number{};
    if constexpr (std::signed_integral<T>)
        number = static_cast<T>(parse_signed(word, limits::min(), limits::max()));
    else
        number = static_cast<T>(parse_unsigned(word, limits::max()));
    return [number](belongings&) { return number; };
}

template <class Tag, class T>
[[nodiscard]] meaning<bpflink::detail::strong_integer<Tag, T>>
read(std::string const& word, type<bpflink::detail::strong_integer<Tag, T>> /*as*/) {
    bpflink::detail::strong_integer<Tag, T> const number{
        static_cast<T>(parse_unsigned(word, std::numeric_limits<T>::max()))};
    return [number](belongings&) { return number; };
}

template <class T>
    requires std::is_enum_v<T>
[[nodiscard]] meaning<T> read(std::string const& word, type<T> as) {
    auto const all = names_of(as);
    auto const value = parse_name<T>(word, all);
    return [value](belongings&) { return value; };
}

[[nodiscard]] meaning<std::string_view> read(std::string const& word, type<std::string_view> as);
/// "eth0", or an index.
[[nodiscard]] meaning<bpflink::ifindex> read(std::string const& word, type<bpflink::ifindex> as);
/// "fd:3" of the caller; "program:35"; or the path of a file, a directory or a pin.
[[nodiscard]] meaning<bpflink::fd_view> read(std::string const& word, type<bpflink::fd_view> as);
/// An id, or the path of a pin.
[[nodiscard]] meaning<bpflink::map_ref> read(std::string const& word, type<bpflink::map_ref> as);
/// A cgroup's directory, or its id.
[[nodiscard]] meaning<bpflink::iter_cgroup> read(std::string const& word,
                                                 type<bpflink::iter_cgroup> as);
/// "process:1", "thread:1", or a process's number.
[[nodiscard]] meaning<bpflink::iter_task> read(std::string const& word,
                                               type<bpflink::iter_task> as);

enum class side { before, after };
/// The object that an order names: "link:17", "program:35", each with the path of a pin instead.
[[nodiscard]] meaning<bpflink::order> read_anchor(std::string const& word, side where);

/// One of a hook's attach types; a part that is in the hook's name too may be left out.
[[nodiscard]] bpflink::attach_type parse_attach_type(std::string const& word, std::string_view hook,
                                                     std::span<bpflink::attach_type const> all);

} // namespace tool
