// SPDX-License-Identifier: Apache-2.0
// What a coroutine allocates, in a program of its own: its operator new counts.
#include <bpflink/error.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

#include <doctest/doctest.h>

namespace bl = bpflink;

namespace {

std::size_t allocations = 0;

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

void* operator new(std::size_t size) {
    ++allocations;
    if (void* const there = std::malloc(size)) return there;
    throw std::bad_alloc{};
}
void operator delete(void* there) noexcept {
    std::free(there);
}
void operator delete(void* there, std::size_t) noexcept {
    std::free(there);
}

TEST_CASE("a call allocates its frame at most, however often it awaits and however it ends") {
    allocations = 0;
    auto const three = sum(1, 2);
    CHECK(allocations <= 1);
    CHECK(three == 3);

    allocations = 0;
    auto const failed = sum(1, -EIO);
    CHECK(allocations <= 1);
    CHECK(failed.error().code().value() == EIO);

    allocations = 0;
    auto const nothing = awaits(1);
    CHECK(allocations <= 1);
    CHECK(nothing.has_value());
}
