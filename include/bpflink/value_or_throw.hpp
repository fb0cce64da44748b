// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <type_traits>
#include <utility>

namespace bpflink {
namespace detail {
[[noreturn]] void throw_error(error const& e);
} // namespace detail

/// Takes the value out of a result, for a program that has exceptions for its failures:
/// `auto link = value_or_throw(attach(prog, where))`.
/// @param r  a temporary or moved result; a named one gives a reference into it
/// @throws std::system_error  there is an error: code() is error::code(), and what() is
///                            error::message(), without the code's text behind it
template <class T>
    requires(!std::is_void_v<T>)
[[nodiscard]] T value_or_throw(result<T>&& r) {
    if (!r) detail::throw_error(r.error());
    return *std::move(r);
}
/// The same for a named result: the value stays there.
template <class T>
    requires(!std::is_void_v<T>)
[[nodiscard]] T const& value_or_throw(result<T> const& r) {
    if (!r) detail::throw_error(r.error());
    return *r;
}
/// The same for a result without a value.
inline void value_or_throw(result<void> const& r) {
    if (!r) detail::throw_error(r.error());
}

} // namespace bpflink
