// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/borrows.hpp>
#include <bpflink/error.hpp>

#include <concepts>
#include <functional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

// Helpers for ranges of result<T>: for filter and transform of std and of range-v3, and for the end
// of a pipeline.

namespace bpflink {

namespace detail {

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<result<T>> = true;

/// A type that a collection may hold: its elements outlive the results they were taken from.
template <class T>
concept owns_what_it_is = !borrows<T>;

/// An element can be taken out of the range: not so from an lvalue container of links.
template <class R>
concept yields_movable =
    std::constructible_from<std::ranges::range_value_t<R>, std::ranges::range_reference_t<R>>;

template <class Predicate>
struct where_fn {
    Predicate predicate;

    template <class T>
        requires std::predicate<Predicate const&, T const&>
    [[nodiscard]] bool operator()(result<T> const& r) const {
        return !r || std::invoke(predicate, *r);
    }
};

struct has_value_fn {
    template <class T>
    [[nodiscard]] constexpr bool operator()(result<T> const& r) const noexcept {
        return r.has_value();
    }
};

struct value_fn {
    template <class R>
        requires is_result<std::remove_cvref_t<R>>
    [[nodiscard]] constexpr decltype(auto) operator()(R&& r) const noexcept {
        return *std::forward<R>(r);
    }
};

struct collect_fn {
    template <std::ranges::input_range R>
        requires is_result<std::ranges::range_value_t<R>> && yields_movable<R> &&
                 owns_what_it_is<typename std::ranges::range_value_t<R>::value_type>
    [[nodiscard]] auto operator()(R&& range) const {
        using value_type = typename std::ranges::range_value_t<R>::value_type;
        result<std::vector<value_type>> all = std::vector<value_type>{};
        for (auto&& element : range) {
            if (!element) {
                all = tl::unexpected{std::forward<decltype(element)>(element).error()};
                break;
            }
            all->push_back(*std::forward<decltype(element)>(element));
        }
        return all;
    }

    template <std::ranges::input_range R>
        requires std::invocable<collect_fn const&, R>
    [[nodiscard]] friend auto operator|(R&& range, collect_fn const& self) {
        return self(std::forward<R>(range));
    }
};

} // namespace detail

/// `filter(where(pred))`: a value stays when `pred` holds for it; an error always stays.
template <class Predicate>
[[nodiscard]] auto where(Predicate predicate) {
    return detail::where_fn<Predicate>{std::move(predicate)};
}

/// `filter(has_value)`: drops the errors.
inline constexpr detail::has_value_fn has_value{};

/// `transform(value)`: the value of a result that has one, as a reference of the result's kind. A
/// reference, since filter looks at an element twice: a moved-out copy would be empty the second
/// time.
inline constexpr detail::value_fn value{};

/// Ends a pipeline: `range | collect` is a result<std::vector<T>>, or the first error. Not of what
/// borrows (texts, spans, pointers, fd_view, program_ref): lines are valid until the next one only,
/// so transform them to std::string first.
inline constexpr detail::collect_fn collect{};

} // namespace bpflink
