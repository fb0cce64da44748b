// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <cerrno>
#include <concepts>
#include <stdexcept>
#include <system_error>
#include <type_traits>
#include <utility>

/// The value; throws std::runtime_error with the error's message where there is none.
template <class T>
T need(bpflink::result<T> r) {
    if (!r) throw std::runtime_error{r.error().message()};
    if constexpr (!std::is_void_v<T>) return *std::move(r);
}

/// What a call by hand returned; throws std::system_error of errno where that is negative.
template <std::signed_integral Outcome>
int need(Outcome outcome) {
    if (outcome < 0) throw std::system_error{errno, std::generic_category(), "by hand"};
    return static_cast<int>(outcome);
}
