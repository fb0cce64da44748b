// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fake/kernel.hpp"
#include "snapshot/own_program.hpp"

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/program_type.hpp>

#include <cerrno>
#include <initializer_list>
#include <ostream>
#include <source_location>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace bl = bpflink;
namespace call = bl::sys; // the calls that may fail
using fake::any_call;
using any_calls = std::initializer_list<any_call>;

/// A fake kernel for one test case, which checks at its end that nothing was left open, closed
/// twice, or written where it should not be.
struct machine : fake::kernel {
    machine() = default;
    machine(machine const&) = delete;
    machine& operator=(machine const&) = delete;
    ~machine() {
        bl::links_program().unload();
        bl::netns_program().unload();
        bl::descriptors_program().unload();
        CHECK_MESSAGE(open_descriptors().empty(), "descriptors were left open");
        CHECK_MESSAGE(open_lists() == 0, "directories were left open");
        CHECK_MESSAGE(bad_closes() == 0, "descriptors were closed twice");
        CHECK_MESSAGE(stray_addresses() == 0, "the kernel could have written to a stray address");
    }
};

/// A program that a test owns, as a service could bring it: any_program, and nothing more.
struct held_program {
    bl::unique_fd owned;
    [[nodiscard]] bl::fd_view fd() const { return owned; }
};

/// The same with its type: bpf_program.
template <bl::program_type Type>
struct typed_program : held_program {
    static constexpr bl::program_type type = Type;
};

/// errc{0}: no condition at all.
inline constexpr bl::errc no_condition{};

/// What an error must be: the errno, the operation, one condition and no other, and a message that
/// says all of it.
void check_error(bl::error const& e, int number, bl::operation where, bl::errc condition,
                 std::initializer_list<std::string_view> texts = {});

/// The same of a result, which must not have a value.
template <class R>
    requires requires(R const& r) { r.error(); }
void check_error(R const& r, int number, bl::operation where, bl::errc condition,
                 std::initializer_list<std::string_view> texts = {},
                 std::source_location at = std::source_location::current()) {
    CAPTURE(at.line());
    REQUIRE_FALSE(r);
    check_error(r.error(), number, where, condition, texts);
}

/// Whether `r` has a value; reports the error otherwise.
template <class R>
[[nodiscard]] bool succeeded(R const& r) {
    if (!r) MESSAGE(r.error().message());
    return r.has_value();
}
