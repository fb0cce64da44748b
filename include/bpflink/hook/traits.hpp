// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/any_program.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fwd.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/link_traits.hpp>

#include <concepts>
#include <string_view>

namespace bpflink {

/// Whether a link is on a hook, as far as the kernel's answer shows it.
enum class match { no, yes, unknown };

/// The facts of a hook, specialized beside each hook:
///   name           what messages and docs call it
///   link_types     the kinds of link that it can be seen as
///   program_types  the types of program that it takes
///   attach_types   the attach types that they were loaded for, where the hook asks for some
///   details        the struct of link_details that holds its fields
///   since          the kernel it first appeared in
///   matches(info)  whether a link is on this hook
///   create(program, hook)  attaches, and returns the new link's descriptor
template <class Hook>
struct hook_traits;

/// Something to attach to: it has the traits that attach and typed_link need.
template <class H>
concept hook_like = requires(H const& where, link_info const& info, detail::borrowed_program prog) {
    { hook_traits<H>::name } -> std::convertible_to<std::string_view>;
    { hook_traits<H>::link_types.size() } -> std::convertible_to<std::size_t>;
    { hook_traits<H>::program_types.size() } -> std::convertible_to<std::size_t>;
    { hook_traits<H>::matches(info) } -> std::same_as<match>;
    { hook_traits<H>::create(prog, where) } -> std::same_as<result<unique_fd>>;
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

template <class Hook>
constexpr bool every_kind(auto holds) {
    for (link_type const type : hook_traits<Hook>::link_types)
        if (!holds(*find_traits(type))) return false;
    return true;
}

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

/// Every kind of link that the hook can be seen as swaps its program by BPF_LINK_UPDATE.
template <class Hook>
concept updatable = hook_like<Hook> && detail::every_kind<Hook>([](link_traits const& kind) {
                        return kind.update == update_unit::program;
                    });

/// Likewise by a map.
template <class Hook>
concept updatable_by_map = hook_like<Hook> && detail::every_kind<Hook>([](link_traits const& kind) {
                               return kind.update == update_unit::map;
                           });

/// Every kind of link that the hook can be seen as takes BPF_LINK_DETACH.
template <class Hook>
concept detachable =
    hook_like<Hook> &&
    detail::every_kind<Hook>([](link_traits const& kind) { return kind.detachable; });

} // namespace bpflink
