// SPDX-License-Identifier: Apache-2.0
// The allocations of a coroutine.
#include "starve.hpp"

#include <bpflink/error.hpp>

#include <cerrno>

#include <doctest/doctest.h>

namespace bl = bpflink;

namespace {

[[gnu::noinline]] bl::result<int> leaf(int x) {
    if (x < 0) return tl::unexpected{bl::error{-x, bl::operation::read}};
    return x;
}
[[gnu::noinline]] bl::result<int> sum(int a, int b) {
    int const first = co_await leaf(a);
    int const second = co_await leaf(b);
    co_return first + second;
}
[[gnu::noinline]] bl::result<void> awaits(int x) {
    co_await leaf(x);
}

} // namespace

TEST_CASE("a call allocates its frame at most, however often it awaits and however it ends") {
    auto before = starve::allocations();
    auto const three = sum(1, 2);
    CHECK(starve::allocations() - before <= 1);
    CHECK(three == 3);

    before = starve::allocations();
    auto const failed = sum(1, -EIO);
    CHECK(starve::allocations() - before <= 1);
    CHECK(failed.error().code().value() == EIO);

    before = starve::allocations();
    auto const nothing = awaits(1);
    CHECK(starve::allocations() - before <= 1);
    CHECK(nothing.has_value());
}
