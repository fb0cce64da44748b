// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/views/results.hpp>

#include <memory>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using number = bl::result<int>;

bl::error problem(int which) {
    return bl::error{which, bl::operation::read, "x"};
}
number failure(int which) {
    return tl::unexpected{problem(which)};
}

} // namespace

TEST_CASE("where asks values and lets errors pass") {
    auto const even = bl::where([](int i) { return i % 2 == 0; });
    CHECK(even(number{2}));
    CHECK_FALSE(even(number{3}));
    CHECK(even(failure(EIO)));
    struct named {
        std::string name;
        [[nodiscard]] bool is_empty() const { return name.empty(); }
    };
    auto const empty = bl::where(&named::is_empty); // as std::invoke does
    CHECK(empty(bl::result<named>{named{}}));
    CHECK_FALSE(empty(bl::result<named>{named{"x"}}));
}

TEST_CASE("has_value tells values from errors") {
    CHECK(bl::has_value(number{0}));
    CHECK_FALSE(bl::has_value(failure(EIO)));
}

TEST_CASE("value gives what is inside as the kind of reference that the result is") {
    using handle = bl::result<std::unique_ptr<int>>;
    static_assert(
        std::is_same_v<decltype(bl::value(std::declval<handle>())), std::unique_ptr<int>&&>);
    static_assert(
        std::is_same_v<decltype(bl::value(std::declval<handle&>())), std::unique_ptr<int>&>);
    static_assert(std::is_same_v<decltype(bl::value(std::declval<handle const&>())),
                                 std::unique_ptr<int> const&>);
    static_assert(!std::is_invocable_v<decltype(bl::value), int>);
    handle owner = std::make_unique<int>(7);
    auto&& seen = bl::value(std::move(owner));
    CHECK(*seen == 7);
    CHECK(*owner); // a reference moves nothing
}

TEST_CASE("collect gathers the values, or gives the first error") {
    std::vector<number> const good{1, 2, 3};
    auto const all = good | bl::collect;
    static_assert(std::is_same_v<decltype(all), bl::result<std::vector<int>> const>);
    REQUIRE(succeeded(all));
    CHECK(*all == std::vector{1, 2, 3});
    CHECK(*bl::collect(good) == std::vector{1, 2, 3});

    std::vector<number> const bad{1, failure(EIO), 2, failure(EPERM)};
    auto const none = bad | bl::collect;
    REQUIRE_FALSE(none);
    CHECK(none.error() == problem(EIO));
    CHECK((std::vector<number>{} | bl::collect)->empty());
}

TEST_CASE("collect stops at the first error") {
    int asked = 0;
    auto const lazy = std::views::iota(0, 10) | std::views::transform([&](int i) -> number {
                          ++asked;
                          if (i == 3) return failure(EIO);
                          return i;
                      });
    auto const none = lazy | bl::collect;
    CHECK_FALSE(none);
    CHECK(asked == 4);
}

TEST_CASE("collect moves out of rvalues and leaves an lvalue range as it was") {
    std::vector<bl::result<std::string>> texts{std::string(100, 'a'), std::string(100, 'b')};
    REQUIRE(succeeded(texts | bl::collect));
    CHECK(texts[0]->size() == 100);
    auto const moved = std::views::iota(0, 2) |
                       std::views::transform([&](int i) -> bl::result<std::string>&& {
                           return std::move(texts[static_cast<std::size_t>(i)]);
                       }) |
                       bl::collect;
    REQUIRE(succeeded(moved));
    CHECK((*moved)[1] == std::string(100, 'b'));
    CHECK(texts[1]->empty());
}
