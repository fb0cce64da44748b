// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fwd.hpp>
#include <bpflink/hook/any_hook.hpp>

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace bpflink::detail {

/// The hook of a program; empty where that is left alone.
using said_hook = result<std::optional<any_hook>>;

/// A hook, any_hook, an optional of it or nullopt.
template <class T, class Hook = any_hook> // dependent, so that only who asks for sets compiles it
    requires std::constructible_from<std::optional<Hook>, T>
[[nodiscard]] result<std::optional<Hook>> as_said(T said) {
    return std::optional<Hook>{std::move(said)};
}
/// The same, or an error.
template <class T, class Hook = any_hook>
[[nodiscard]] result<std::optional<Hook>> as_said(result<T> said) {
    if (!said) return tl::unexpected{std::move(said).error()};
    return std::optional<Hook>{*std::move(said)};
}

/// A callback of link_set::want_all that is asked about every program.
template <class F>
concept says_every_hook = requires(F& f, ::bpf_program const* prog, result<any_hook> const& read) {
    { detail::as_said(f(prog, read)) } -> std::same_as<said_hook>;
};
/// One that is asked about those whose section does not say where.
template <class F>
concept says_missing_hooks = !says_every_hook<F> && requires(F& f, ::bpf_program const* prog) {
    { detail::as_said(f(prog)) } -> std::same_as<said_hook>;
};

/// Such a callback without its type; borrowed.
struct hook_callback {
    void* callback = nullptr; // none: a place that no section says is an error
    said_hook (*ask)(void* callback, ::bpf_program const* prog,
                     result<any_hook> const& read) = nullptr;
    bool about_every = false;

    template <class F>
    [[nodiscard]] static hook_callback of(F& f) noexcept {
        return {const_cast<void*>(static_cast<void const*>(&f)),
                [](void* callback, ::bpf_program const* prog, result<any_hook> const& read) {
                    F& ask = *static_cast<F*>(callback);
                    if constexpr (says_every_hook<F>)
                        return detail::as_said(ask(prog, read));
                    else
                        return detail::as_said(ask(prog));
                },
                says_every_hook<F>};
    }
};

} // namespace bpflink::detail
