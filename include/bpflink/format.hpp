// SPDX-License-Identifier: Apache-2.0
#pragma once

// std::format for errors, ids and enumerations: std::format("{}: {}", info.id, info.type). Texts
// take the format of a string, and ids that of an integer ("{:>8}", "{:x}"). Not part of
// bpflink.hpp, since <format> costs compile time. Empty where the C++ library has no <format>
// (libstdc++ before 13).
#include <bpflink/detail/printed.hpp>

#include <version>

#ifdef __cpp_lib_format
#include <format>
#include <string_view>

/// Formats an error, a step or an enumeration as a string.
template <bpflink::detail::printed T>
struct std::formatter<T, char> : std::formatter<std::string_view, char> {
    template <class Context>
    auto format(T const& x, Context& context) const {
        return std::formatter<std::string_view, char>::format(bpflink::detail::text_to_print(x),
                                                              context);
    }
};

/// Formats an id, an index or a cookie as an integer.
template <class Tag, class Rep>
struct std::formatter<bpflink::detail::strong_integer<Tag, Rep>, char> : std::formatter<Rep, char> {
    template <class Context>
    auto format(bpflink::detail::strong_integer<Tag, Rep> x, Context& context) const {
        return std::formatter<Rep, char>::format(x.value(), context);
    }
};
#endif
