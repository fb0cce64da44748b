// SPDX-License-Identifier: Apache-2.0
#pragma once

// The same as format.hpp for {fmt} 9 or newer, which the library itself does not need:
// fmt::print("{}: {}\n", info.id, info.type). Empty where {fmt} is not installed.
#if __has_include(<fmt/format.h>)
#include <bpflink/detail/printed.hpp>

#include <fmt/format.h>

/// Formats an error, a step or an enumeration as a string.
template <bpflink::detail::printed T>
struct fmt::formatter<T, char> : fmt::formatter<fmt::string_view, char> {
    template <class Context>
    auto format(T const& x, Context& context) const {
        return fmt::formatter<fmt::string_view, char>::format(bpflink::detail::text_to_print(x),
                                                              context);
    }
};

/// Formats an id, an index or a cookie as an integer.
template <class Tag, class Rep>
struct fmt::formatter<bpflink::detail::strong_integer<Tag, Rep>, char> : fmt::formatter<Rep, char> {
    template <class Context>
    auto format(bpflink::detail::strong_integer<Tag, Rep> x, Context& context) const {
        return fmt::formatter<Rep, char>::format(x.value(), context);
    }
};
#endif
