// SPDX-License-Identifier: Apache-2.0
// BPFLINK_TRY: co_await's comfort in a plain function.
#include <bpflink/try.hpp>

#include <any>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace bl = bpflink;

namespace {

using bl::result;

bl::error problem(int number) {
    return bl::error{number, bl::operation::read, "a subject that is too long to be stored inline"};
}

// Functions that fail for a negative number, with its absolute value.
result<int> leaf(int x) {
    if (x < 0) return tl::unexpected{problem(-x)};
    return x;
}
result<void> leaf_void(int x) {
    if (x < 0) return tl::unexpected{problem(-x)};
    return {};
}
result<std::unique_ptr<int>> leaf_owner(int x) {
    if (x < 0) return tl::unexpected{problem(-x)};
    return std::make_unique<int>(x);
}
template <class T, class U>
result<std::pair<T, U>> pair_of(T first, U second) {
    return std::pair{first, second};
}

template <class T>
int error_of(result<T> const& r) {
    REQUIRE_FALSE(r);
    CHECK(r.error() == problem(r.error().code().value())); // whole, with its subject
    return r.error().code().value();
}

result<int> sum(int a, int b) {
    BPFLINK_TRY(x, leaf(a));
    BPFLINK_TRY(y, leaf(b));
    BPFLINK_TRY(leaf_void(x + y));
    return x + y;
}

} // namespace

// E34
TEST_CASE("BPFLINK_TRY declares the value or returns the error") {
    CHECK(sum(1, 2) == 3);
    CHECK(error_of(sum(-4, 2)) == 4);
    CHECK(error_of(sum(1, -5)) == 5);
    CHECK(sum(0, 0) == 0);
}

TEST_CASE("BPFLINK_TRY works in functions that return a result of any type") {
    auto const nothing = [](int x) -> result<void> {
        BPFLINK_TRY(leaf(x));
        return {};
    };
    CHECK(nothing(1));
    CHECK(error_of(nothing(-1)) == 1);
    auto const anything = [](int x) -> result<std::any> {
        BPFLINK_TRY(y, leaf(x));
        return y;
    };
    CHECK(std::any_cast<int>(*anything(7)) == 7);
    CHECK(error_of(anything(-7)) == 7);
    auto const truth = [](int x) -> result<bool> {
        BPFLINK_TRY(leaf_void(x));
        return true;
    };
    CHECK(truth(1) == true);
    CHECK(error_of(truth(-1)) == 1);
}

TEST_CASE("BPFLINK_TRY takes what owns out of a temporary result, and looks into a named one") {
    auto const owner = [](int x) -> result<std::unique_ptr<int>> {
        BPFLINK_TRY(made, leaf_owner(x));
        *made += 1;
        return made; // moved without being asked to
    };
    CHECK(**owner(3) == 4);
    CHECK(error_of(owner(-3)) == 3);
    auto const inside = [](result<std::unique_ptr<int>>& named) -> result<int> {
        BPFLINK_TRY(there, named);
        *there += 1;
        return *there;
    };
    auto named = leaf_owner(5);
    CHECK(inside(named) == 6);
    CHECK(**named == 6); // it is where it was
    auto failed = leaf_owner(-5);
    CHECK(error_of(inside(failed)) == 5);
    CHECK(error_of(failed) == 5); // copied, not moved out of the caller's
    auto const constant = [](result<int> const& from) -> result<int> {
        BPFLINK_TRY(there, from);
        static_assert(std::is_same_v<decltype(there), int const&>);
        return there;
    };
    CHECK(constant(leaf(8)) == 8);
    auto const moved = [](result<std::unique_ptr<int>> from) -> result<int> {
        BPFLINK_TRY(taken, std::move(from));
        from = nullptr; // the value is nobody else's
        return *taken;
    };
    CHECK(moved(leaf_owner(9)) == 9);
}

TEST_CASE("BPFLINK_TRY stands in loops, behind an if, and in the arguments of another") {
    auto const loop = [](std::vector<result<int>> const& all) -> result<int> {
        int total = 0;
        for (auto&& one : all) {
            BPFLINK_TRY(n, one);
            total += n;
        }
        return total;
    };
    CHECK(loop({1, 2, 3}) == 6);
    CHECK(error_of(loop({1, leaf(-2), 3})) == 2);
    auto const branch = [](bool which, int x) -> result<int> {
        if (which)
            BPFLINK_TRY(leaf_void(x));
        else
            BPFLINK_TRY(leaf_void(-x));
        return 1;
    };
    CHECK(branch(true, 1) == 1);
    CHECK(error_of(branch(false, 1)) == 1);
    auto const nested = [](int x) -> result<int> {
        BPFLINK_TRY([&]() -> result<void> {
            BPFLINK_TRY(leaf_void(x));
            BPFLINK_TRY(y, leaf(x));
            BPFLINK_TRY([&]() -> result<void> {
                BPFLINK_TRY(leaf_void(y - 5));
                return {};
            }());
            return {};
        }());
        BPFLINK_TRY(z, [&]() -> result<int> {
            BPFLINK_TRY(y, leaf(x));
            return y + 1;
        }());
        return z;
    };
    CHECK(nested(7) == 8);
    CHECK(error_of(nested(-7)) == 7);
    CHECK(error_of(nested(3)) == 2);
}

TEST_CASE("BPFLINK_TRY takes expressions with commas") {
    auto const commas = [](int x) -> result<int> {
        BPFLINK_TRY(both, pair_of<int, long>(x, 2));
        BPFLINK_TRY(braced, result<std::pair<int, int>>{std::pair<int, int>{3, x}});
        BPFLINK_TRY((pair_of<int, int>(1, 2)));
        auto const& [first, second] = braced;
        return both.first + first + second;
    };
    CHECK(commas(4) == 11);
}
