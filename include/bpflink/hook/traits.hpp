// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/any_program.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fwd.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/link_traits.hpp>
#include <bpflink/match.hpp>

#include <concepts>
#include <string_view>

namespace bpflink {

/// Whether a hook's field has to be given.
enum class field_use { required, optional };

namespace detail {

/// The library's own facts of a hook: how the kernel is asked for it, and its refusals.
struct hook_row;

/// The traits that follow from the kind of link.
template <link_type Kind>
struct of_kind {
    static constexpr link_type kind = Kind;

    static constexpr match matches(link_info const& info) noexcept {
        return info.type == Kind ? match::yes : match::no;
    }
};

/// A link of a hook's kind that has not lost its place, for the hook to compare that with its own.
struct located_link {
    fd_view fd;
    link_info const& info;
    borrowed_program const* prog = nullptr; // its place is asked about too, where there is one
};

} // namespace detail

/// The facts of a hook, specialized beside each hook:
///   name           what messages and docs call it
///   kind           the kind of its links
///   program_types  the types of program that it takes
///   attach_types   the attach types that it has; none where the kernel has none for it
///   details        the struct of link_details that holds its fields
///   since          the kernel it first appeared in
///   each_field(visit)  visits each field: its name, a pointer to the member, its field_use
///   matches(info)  whether a link is on this hook
///   row()          the library's own facts; your own hook has none
///   create(program, hook)  attaches, and returns the new link's descriptor
///   is_at(hook, l)  whether a link is at the place; a hook whose place nothing recognises
///                  has none
template <class Hook>
struct hook_traits;

/// Something to attach to: it has the traits that attach and typed_link need.
template <class H>
concept hook_like = requires(H const& where, link_info const& info, detail::borrowed_program prog) {
    { hook_traits<H>::name } -> std::convertible_to<std::string_view>;
    { hook_traits<H>::kind } -> std::convertible_to<link_type>;
    { hook_traits<H>::program_types.size() } -> std::convertible_to<std::size_t>;
    { hook_traits<H>::matches(info) } -> std::same_as<match>;
    { hook_traits<H>::create(prog, where) } -> std::same_as<result<unique_fd>>;
};

/// A hook whose links can be recognised by their place. hook::perf_event is not one, nor is
/// hook::raw: the kernel does not tell which event a link is on.
template <class H>
concept has_place = hook_like<H> && requires(H const& where, detail::located_link const& l) {
    { hook_traits<H>::is_at(where, l) } -> std::same_as<result<match>>;
};

namespace detail {

// By hand: <algorithm> would cost more time to compile than all hooks.
constexpr bool contains(auto const& all, auto wanted) {
    for (auto const one : all)
        if (one == wanted) return true;
    return false;
}

template <class Hook, program_type Type>
concept hook_takes_program_type = contains(hook_traits<Hook>::program_types, Type);

/// The operations that the hook's links support.
template <class Hook>
inline constexpr link_traits const& kind_of =
    link_traits_table[static_cast<unsigned>(hook_traits<Hook>::kind)];

[[nodiscard]] error wrong_hook(link_info const& info, std::string_view wanted);

/// Why the info of a link that was taken for a hook's does not have its details.
[[nodiscard]] error without_details(link_info const& info, std::string_view wanted);

/// Succeeds unless the kernel says that `l` is on another hook.
template <class Hook, class Link>
[[nodiscard]] result<void> check_hook(Link const& l) {
    auto const info = l.info();
    if (!info) return tl::unexpected{info.error()};
    if (hook_traits<Hook>::matches(*info) == match::no)
        return tl::unexpected{wrong_hook(*info, hook_traits<Hook>::name)};
    return {};
}

} // namespace detail

/// P's type, known at compile time, is one that the hook takes.
template <class P, class Hook>
concept program_for =
    hook_like<Hook> && bpf_program<P> && detail::hook_takes_program_type<Hook, P::type>;

/// The hook's links swap their program by BPF_LINK_UPDATE.
template <class Hook>
concept updatable = hook_like<Hook> && detail::kind_of<Hook>.update == update_unit::program;

/// The hook's links swap their map by BPF_LINK_UPDATE.
template <class Hook>
concept updatable_by_map = hook_like<Hook> && detail::kind_of<Hook>.update == update_unit::map;

/// The hook's links take BPF_LINK_DETACH.
template <class Hook>
concept detachable = hook_like<Hook> && detail::kind_of<Hook>.detachable;

} // namespace bpflink
