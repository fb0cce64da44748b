// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/fwd.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <ranges>
#include <type_traits>

namespace bpflink::detail {

/// The owner of a descriptor cannot be copied bit by bit; a type that borrows one can.
template <class T>
concept owner = !std::is_trivially_copyable_v<std::remove_cvref_t<T>>;

template <class T>
concept refers = std::is_pointer_v<T> || std::is_reference_v<T> || std::ranges::borrowed_range<T>;

/// Whether a T refers to what something else owns, or holds a type that does. As far as types tell:
/// not so for the members of a class.
template <class T>
inline constexpr bool borrows = refers<T>;
template <class T>
inline constexpr bool borrows<T const> = borrows<T>;
template <>
inline constexpr bool borrows<fd_view> = true;
template <>
inline constexpr bool borrows<map_ref> = true;
template <program_type Type>
inline constexpr bool borrows<program_ref<Type>> = true;
template <class T>
inline constexpr bool borrows<std::reference_wrapper<T>> = true;
template <class T, std::size_t N>
inline constexpr bool borrows<std::array<T, N>> = borrows<T>;
template <template <class...> class Holder, class... T> // a pair, an optional, a vector ...
inline constexpr bool borrows<Holder<T...>> = refers<Holder<T...>> || (borrows<T> || ...);

} // namespace bpflink::detail
