// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "stand_in.hpp"

#include <bpflink/bpflink.hpp>

#include <doctest/doctest.h>

namespace bl = bpflink;

/// The stand-in, empty, for one test case. Nothing is left open at its end.
class driver {
public:
    driver();
    driver(driver const&) = delete;
    driver& operator=(driver const&) = delete;
    ~driver();

    /// Loads a program of Windows' number for its type.
    bl::unique_fd load(std::uint32_t type, char const* name = "count") const;
    bl::unique_fd make_map() const;
    void refuse_attach(stand_in::result how) const;
    /// The next object's id is one more, and the next descriptor that number or more.
    void begin_at(std::uint32_t last_id, int lowest_descriptor) const;
    int open_descriptors() const;

    int bad_closes_meant = 0; ///< of descriptors that are not open

private:
    int bad_closes() const;
};

/// Whether Windows finds an ebpfapi.dll: that of --stand-in, or the machine's own.
bool has_dll();

/// A program that a service brings: its type is known.
struct xdp_program {
    static constexpr bl::program_type type = bl::program_type::xdp;
    bl::unique_fd owned;
    bl::fd_view fd() const { return owned; }
};

struct any_other_program {
    bl::unique_fd owned;
    bl::fd_view fd() const { return owned; }
};

template <class T>
bool succeeded(bl::result<T> const& outcome) {
    if (!outcome) MESSAGE(outcome.error().message());
    return outcome.has_value();
}

/// The number of elements of a walk, errors among them.
template <class View>
int length_of(View walk) {
    int length = 0;
    for ([[maybe_unused]] auto&& each : walk)
        ++length;
    return length;
}

/// The only element of a walk, which is not more than an error.
template <class View>
auto only_of(View walk) {
    auto at = walk.begin();
    REQUIRE(at != walk.end());
    auto element = std::move(*at);
    ++at;
    CHECK(at == walk.end());
    return element;
}

/// An error of one condition and no other, with these words in its message.
template <class T>
void check_refused(bl::result<T> const& outcome, int number, bl::errc condition,
                   std::string_view words) {
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code().value() == number);
    CHECK(outcome.error().condition().value_or(bl::errc{}) == condition);
    auto const text = outcome.error().message();
    CHECK_MESSAGE(text.find(words) != text.npos, text);
}
