// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the fuzz targets share. A target reads arbitrary bytes as the library would; libFuzzer and
// the sanitizers see what goes wrong, and require() what is wrong without a crash.

#include "fake/kernel.hpp"

#include <bpflink/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

namespace bl = bpflink;

/// Ends the program where something does not hold that always has to.
void require(bool holds, char const* what);

/// A fake kernel that has to have all its descriptors back at its end.
struct kernel : fake::kernel {
    kernel() = default;
    kernel(kernel const&) = delete;
    kernel& operator=(kernel const&) = delete;
    ~kernel();
};

/// What any error has to be, whatever the bytes were: one line of text.
void check(bl::error const& e);
template <class T>
void check(bl::result<T> const& r) {
    if (!r) check(r.error());
}

/// The bytes of a run, taken piece by piece.
class input {
public:
    input(std::uint8_t const* bytes, std::size_t size)
        : left_{reinterpret_cast<char const*>(bytes), size} {}

    [[nodiscard]] std::string_view rest() const { return left_; }
    /// The text up to the next `end`, or all that is left; it is taken with its end.
    std::string_view until(char end);
    /// The bytes of a number; those that are missing are 0.
    template <class T>
    T number() {
        T value{};
        auto const piece = take(sizeof value);
        piece.copy(reinterpret_cast<char*>(&value), piece.size());
        return value;
    }
    std::string_view take(std::size_t size);

private:
    std::string_view left_;
};

} // namespace fuzz
