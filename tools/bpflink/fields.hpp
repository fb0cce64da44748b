// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "parameters.hpp"
#include "spelling.hpp"

#include <bpflink/error.hpp>
#include <bpflink/hook/traits.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// The options of a hook, made from its row: one for each field, by the field's type.

namespace tool {

/// A hook as the command line asks for it: the effect of each option on it.
template <class H>
class request {
public:
    using step = std::function<bpflink::result<void>(std::optional<H>&, belongings&)>;

    void add(step does) { steps_.push_back(std::move(does)); }

    /// A field gets the value.
    template <class T, class Member>
    void set(Member H::* field, meaning<T> value) {
        add([field, value = std::move(value)](std::optional<H>& hook, belongings& kept) {
            return value(kept).map([&](T found) { assign(hook, field, found); });
        });
    }

    /// @param kept  has what the hook borrows
    [[nodiscard]] bpflink::result<H> hook(belongings& kept) const {
        std::optional<H> made;
        if constexpr (std::default_initializable<H>) made.emplace();
        for (auto const& each : steps_)
            if (auto done = each(made, kept); !done) return tl::unexpected{std::move(done).error()};
        return *made;
    }

private:
    template <class T, class Member>
    static void assign(std::optional<H>& hook, Member H::* field, T value) {
        // A map is there from the beginning, or not at all.
        if constexpr (!std::default_initializable<Member>) hook = H{value};
        (*hook).*field = value;
    }

    std::vector<step> steps_;
};

/// "--ref-ctr-offset" for "ref_ctr_offset".
[[nodiscard]] std::string option_of(std::string_view field);
/// "REF_CTR_OFFSET": stands for the value.
[[nodiscard]] std::string placeholder_of(std::string_view field);
/// The purpose of a field, where its name alone says it.
[[nodiscard]] std::string about(std::string_view field);

/// The attach types that are one direction each: the hook's own ingress and egress.
[[nodiscard]] std::vector<named<bpflink::attach_type>>
directions_of(std::span<bpflink::attach_type const> all);

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::span<T const>> = true;

/// The type that a word is read as.
template <class T>
struct word_of {
    using type = T;
};
template <class T>
struct word_of<std::optional<T>> : word_of<T> {};
template <>
struct word_of<std::variant<std::string_view, bpflink::fd_view>> : word_of<std::string_view> {};

template <class T>
[[nodiscard]] std::string values_of(std::string_view field, type<T> as) {
    if constexpr (std::is_enum_v<T>) {
        auto const all = names_of(as);
        return choice_of<T>(all);
    } else if constexpr (std::same_as<T, std::string_view>) {
        return placeholder_of(field);
    } else if constexpr (std::same_as<T, bpflink::ifindex>) {
        return "IF";
    } else if constexpr (std::same_as<T, bpflink::map_ref>) {
        return "MAP";
    } else if constexpr (std::same_as<T, bpflink::fd_view>) {
        return "FILE|program:ID|fd:N";
    } else if constexpr (std::same_as<T, bpflink::iter_cgroup>) {
        return "DIR";
    } else if constexpr (std::same_as<T, bpflink::iter_task>) {
        return "process:PID|thread:TID";
    } else {
        return "NUMBER";
    }
}

template <class H>
parameter add_flag(parameters const& takes, request<H>& into, std::string_view name,
                   bool H::* field) {
    return takes.flag(
        option_of(name),
        [&into, field] { into.set(field, meaning<bool>{[](belongings&) { return true; }}); },
        about(name));
}

template <class H, class Field>
parameter add_word(parameters const& takes, request<H>& into, std::string_view name,
                   Field H::* field) {
    using value = typename word_of<Field>::type;
    return takes
        .word(
            option_of(std::same_as<value, bpflink::ifindex> ? "interface" : name),
            [&into, field](std::string const& word) { into.set(field, read(word, type<value>{})); },
            about(name))
        .shown_as(values_of(name, type<value>{}));
}

/// Repeated, or with commas.
template <class H, class T>
parameter add_list(parameters const& takes, request<H>& into, std::string_view name,
                   std::span<T const> H::* field) {
    auto const take = [&into, field](std::vector<std::string> const& words) {
        std::vector<meaning<T>> values;
        for (auto const& word : words)
            values.push_back(read(word, type<T>{}));
        into.add([=](std::optional<H>& hook, belongings& kept) -> bpflink::result<void> {
            auto& all = kept.keep(std::vector<T>{});
            for (auto const& value : values) {
                auto found = value(kept);
                if (!found) return tl::unexpected{std::move(found).error()};
                all.push_back(*found);
            }
            (*hook).*field = all;
            return {};
        });
    };
    return takes.list(option_of(name), take, about(name)).shown_as(values_of(name, type<T>{}));
}

template <class H>
parameter add_attach_type(parameters const& takes, request<H>& into,
                          std::optional<bpflink::attach_type> H::* field) {
    using traits = bpflink::hook_traits<H>;
    auto const set = [&into, field](bpflink::attach_type value) {
        into.set(field, meaning<bpflink::attach_type>{[value](belongings&) { return value; }});
    };
    auto by_name = takes
                       .word(
                           "--attach-type",
                           [set](std::string const& word) {
                               set(parse_attach_type(word, traits::name, traits::attach_types));
                           },
                           "Choose the place, where the program's type does not tell")
                       .shown_as("ATTACH");
    auto const directions = directions_of(traits::attach_types);
    if (!directions.empty())
        takes
            .word(
                "--direction",
                [set, directions](std::string const& word) {
                    set(parse_name<bpflink::attach_type>(word, directions));
                },
                "Set the direction, in place of --attach-type")
            .shown_as(choice_of<bpflink::attach_type>(directions))
            .excludes(by_name);
    return by_name;
}

template <class H>
parameter add_order(parameters const& takes, request<H>& into,
                    std::optional<bpflink::order> H::* field) {
    std::vector<parameter> all;
    auto const add_end = [&](char const* option, bpflink::order place, char const* what) {
        all.push_back(takes.flag(
            option,
            [&into, field, place] {
                into.set(field, meaning<bpflink::order>{[place](belongings&) { return place; }});
            },
            what));
    };
    auto const add_anchor = [&](char const* option, side where, char const* what) {
        all.push_back(takes
                          .word(
                              option,
                              [&into, field, where](std::string const& word) {
                                  into.set(field, read_anchor(word, where));
                              },
                              what)
                          .shown_as("link:ID|program:ID"));
    };
    add_end("--first", bpflink::order::first(), "Before all others on the hook");
    add_end("--last", bpflink::order::last(), "After all others, as without an order");
    add_anchor("--before", side::before, "Right before this one");
    add_anchor("--after", side::after, "Right after this one");
    for (std::size_t one = 0; one != all.size(); ++one)
        for (std::size_t other = 0; other != all.size(); ++other)
            if (one != other) all[one].excludes(all[other]);
    return all.front();
}

/// The order of the cgroups goes with the cgroup.
template <class H>
parameter add_cgroup(parameters const& takes, request<H>& into, std::string_view name,
                     std::optional<bpflink::iter_cgroup> H::* field) {
    auto cgroup = add_word(takes, into, name, field);
    std::string text{"Walk these cgroups, in this order (descendants_pre):"};
    for (char const* before = " "; auto const& each : names_of(type<bpflink::cgroup_iter_order>{}))
        (text += std::exchange(before, ", ")) += each.first;
    takes
        .word(
            option_of(name) + "-order",
            [&into, field](std::string const& word) {
                auto const read_order = read(word, type<bpflink::cgroup_iter_order>{});
                into.add([=](std::optional<H>& hook, belongings& kept) {
                    return read_order(kept).map(
                        [&](auto order) { ((*hook).*field)->order = order; });
                });
            },
            text)
        .shown_as("ORDER")
        .needs(cgroup);
    return cgroup;
}

template <class H, class Field>
parameter add_field(parameters const& takes, request<H>& into, std::string_view name,
                    Field H::* field) {
    if constexpr (std::same_as<Field, bool>)
        return add_flag(takes, into, name, field);
    else if constexpr (is_list<Field>)
        return add_list(takes, into, name, field);
    else if constexpr (std::same_as<Field, std::optional<bpflink::attach_type>>)
        return add_attach_type(takes, into, field);
    else if constexpr (std::same_as<Field, std::optional<bpflink::order>>)
        return add_order(takes, into, field);
    else if constexpr (std::same_as<Field, std::optional<bpflink::iter_cgroup>>)
        return add_cgroup(takes, into, name, field);
    else
        return add_word(takes, into, name, field);
}

} // namespace detail

/// Adds the options of a hook.
/// @param into  lives as long as the command
template <bpflink::hook_like H>
void add_fields(parameters const& takes, request<H>& into) {
    bpflink::hook_traits<H>::each_field([&](char const* name, auto field, bpflink::field_use use) {
        auto option = detail::add_field(takes, into, name, field);
        if (use == bpflink::field_use::required) option.required();
    });
}

} // namespace tool
