// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <stdexcept>
#include <type_traits>
#include <utility>

/// The value, or an exception with the error's message: for processes that have no doctest.
template <class T>
T must(bpflink::result<T> made) {
    if (!made) throw std::runtime_error{made.error().message()};
    if constexpr (!std::is_void_v<T>) return *std::move(made);
}
