// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/bpflink.hpp>

#include <concepts>
#include <string>
#include <type_traits>

namespace bpflink::detail {

/// A type of this library that prints as a text: an error, a step of a set, or an enumeration with
/// names for its values.
template <class T>
concept printed =
    std::same_as<T, error> || std::same_as<T, set_step> || (std::is_enum_v<T> && requires(T x) {
        { bpflink::to_string(x) } -> std::same_as<std::string>;
    });

template <printed T>
[[nodiscard]] std::string text_to_print(T const& x) {
    if constexpr (std::same_as<T, error>)
        return x.message();
    else
        return bpflink::to_string(x);
}

} // namespace bpflink::detail
