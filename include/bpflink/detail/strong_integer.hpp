// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <type_traits>

namespace bpflink::detail {

/// So that an id prints where <ostream> is not included, as in a test's own output.
std::ostream& print_number(std::ostream& out, std::uint64_t number);

/// An unsigned integer that mixes with no other: explicit both ways.
/// A wider integer is refused at compile time, so that no value is ever cut.
template <class Tag, std::unsigned_integral Rep>
class strong_integer {
public:
    using rep = Rep;

    constexpr strong_integer() noexcept = default;

    template <std::integral I>
        requires(!std::same_as<I, bool> && sizeof(I) <= sizeof(Rep))
    explicit constexpr strong_integer(I value) noexcept : value_{static_cast<Rep>(value)} {}

    template <std::integral I>
        requires(sizeof(I) > sizeof(Rep))
    explicit strong_integer(I value) = delete; // would cut bits: cast it where that is meant

    [[nodiscard]] constexpr Rep value() const noexcept { return value_; }

    template <std::integral I>
        requires(!std::same_as<I, bool>)
    [[nodiscard]] explicit constexpr operator I() const noexcept {
        return static_cast<I>(value_);
    }

    friend constexpr auto operator<=>(strong_integer, strong_integer) noexcept = default;

    friend std::ostream& operator<<(std::ostream& out, strong_integer x) {
        return detail::print_number(out, x.value_);
    }

private:
    Rep value_ = 0;
};

} // namespace bpflink::detail

template <class Tag, class Rep>
struct std::hash<bpflink::detail::strong_integer<Tag, Rep>> {
    std::size_t operator()(bpflink::detail::strong_integer<Tag, Rep> x) const noexcept {
        return std::hash<Rep>{}(x.value());
    }
};
