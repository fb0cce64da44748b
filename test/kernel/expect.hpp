// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "eventually.hpp"

#include <bpflink/error.hpp>
#include <bpflink/ids.hpp>

#include <initializer_list>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>

/// "file:line", as a string: doctest prints a char const* as an address.
[[nodiscard]] std::string place(std::source_location where);

/// The value, or the end of the case with the error's message.
template <class T>
T must(bpflink::result<T> r, std::source_location where = std::source_location::current()) {
    if (!r) FAIL(r.error().message(), ", at ", place(where));
    if constexpr (!std::is_void_v<T>) return *std::move(r);
}

/// Checks that `e` meets `condition`, and no other, and that its message has all of `words`.
void check_error(bpflink::error const& e, bpflink::errc condition,
                 std::initializer_list<std::string_view> words = {},
                 std::source_location where = std::source_location::current());

/// The same, of a result that must have failed.
template <class T>
void check_error(bpflink::result<T> const& r, bpflink::errc condition,
                 std::initializer_list<std::string_view> words = {},
                 std::source_location where = std::source_location::current()) {
    if (r)
        FAIL_CHECK("it succeeded at ", place(where));
    else
        check_error(r.error(), condition, words, where);
}

/// Whether the kernel has no such link, now.
[[nodiscard]] bool is_gone(bpflink::link_id id);

/// A string for a path below a directory.
[[nodiscard]] inline std::string operator/(std::string const& directory, std::string_view name) {
    return directory + "/" + std::string{name};
}
