// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <type_traits>
#include <utility>

/// @file
/// Returns the first error, without a coroutine. This header may be included before `import
/// bpflink;`, since a module has no macros.

/// The work of co_await, in a function that is not a coroutine and returns a result of any type.
///
/// @code
/// BPFLINK_TRY(link, bl::attach(prog, where)); // `link` is the value; or the error is returned
/// BPFLINK_TRY(link.pin(path));                // there is no value, or it is not wanted
/// @endcode
///
/// `link` is a reference to the value itself, which lives as long as `link` can be named. If the
/// result is a named one, `link` refers into it. `return link;` moves the first and copies the
/// second. It declares, so it stands in a block, and not as the only statement behind an `if`. A
/// lambda around it names its return type. In a call without a name, commas that no parentheses
/// enclose want a pair of them: BPFLINK_TRY((f<a, b>(x))).
#define BPFLINK_TRY(first, ...)                                                                    \
    BPFLINK_DETAIL_TRY_##__VA_OPT__(NAMED)(first __VA_OPT__(, ) __VA_ARGS__)

/// @cond
// The result's name is made of the value's, which no other has here.
#define BPFLINK_DETAIL_TRY_NAMED(name, ...)                                                        \
    auto&& bpflink_tried_##name = ::bpflink::detail::tried(__VA_ARGS__);                           \
    if (!bpflink_tried_##name)                                                                     \
        return ::bpflink::detail::failure_of(                                                      \
            ::std::forward<decltype(bpflink_tried_##name)>(bpflink_tried_##name));                 \
    auto&& name = *::std::forward<decltype(bpflink_tried_##name)>(bpflink_tried_##name)

// And here it has none: a number, so that one in an argument of another does not hide it.
#define BPFLINK_DETAIL_TRY_(...) BPFLINK_DETAIL_TRY_NUMBERED(__COUNTER__, __VA_ARGS__)
#define BPFLINK_DETAIL_TRY_NUMBERED(number, ...) BPFLINK_DETAIL_TRY_UNNAMED(number, __VA_ARGS__)
#define BPFLINK_DETAIL_TRY_UNNAMED(number, ...)                                                    \
    do {                                                                                           \
        if (auto&& bpflink_tried_##number = ::bpflink::detail::tried(__VA_ARGS__);                 \
            !bpflink_tried_##number)                                                               \
            return ::bpflink::detail::failure_of(                                                  \
                ::std::forward<decltype(bpflink_tried_##number)>(bpflink_tried_##number));         \
    } while (false)
/// @endcond

namespace bpflink::detail {

template <class T>
inline constexpr bool can_be_tried = false;
template <class T>
inline constexpr bool can_be_tried<result<T>> = true;

/// A named result as it is, a temporary one by value, so that nothing that it is part of can go.
template <class R>
    requires can_be_tried<std::remove_cvref_t<R>>
[[nodiscard]] constexpr R tried(R&& awaited) {
    return std::forward<R>(awaited);
}

template <class R>
[[nodiscard]] tl::unexpected<error> failure_of(R&& failed) {
    return tl::unexpected<error>{std::forward<R>(failed).error()};
}

} // namespace bpflink::detail
