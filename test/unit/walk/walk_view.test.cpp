// SPDX-License-Identifier: Apache-2.0
// What all lazy ranges of the library have in common.
#include <bpflink/detail/walk_view.hpp>
#include <bpflink/views/adaptors.hpp>
#include <bpflink/views/infos.hpp>
#include <bpflink/views/link_ids.hpp>
#include <bpflink/views/links.hpp>
#include <bpflink/views/pins.hpp>

#include <concepts>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <range/v3/range/concepts.hpp>

namespace bl = bpflink;

namespace {

template <class View, class Element>
constexpr bool is_lazy_view =
    std::ranges::input_range<View> && std::ranges::view<View> && ranges::input_range<View> &&
    ranges::view_<View> && std::copyable<View> && std::default_initializable<View> &&
    std::input_iterator<std::ranges::iterator_t<View>> &&
    !std::forward_iterator<std::ranges::iterator_t<View>> &&
    std::sentinel_for<std::default_sentinel_t, std::ranges::iterator_t<View>> &&
    std::same_as<std::ranges::range_value_t<View>, Element> &&
    std::same_as<std::ranges::range_reference_t<View>, Element&&> &&
    std::same_as<std::ranges::range_rvalue_reference_t<View>, Element&&> &&
    !std::ranges::range<View const>;

static_assert(is_lazy_view<bl::link_ids_view, bl::result<bl::link_id>>);
static_assert(is_lazy_view<bl::links_view, bl::result<bl::link>>);
static_assert(is_lazy_view<bl::infos_view, bl::result<bl::link_info>>);
static_assert(is_lazy_view<bl::pins_view, bl::result<bl::pin_entry>>);
using of_type_view = decltype(bl::links() | bl::views::of_type(bl::link_type::xdp));
static_assert(is_lazy_view<of_type_view, bl::result<bl::link>>);

/// Counts to five, and what it was asked for.
struct counting {
    using element = std::unique_ptr<int>;
    struct walk {
        walk() { ++walks; }
        walk(walk const&) = delete;
        walk& operator=(walk const&) = delete;
        ~walk() { --walks; }

        int at = 0;
        void next(std::optional<element>& out) {
            CHECK_FALSE(out.has_value()); // the element before is gone
            ++asked;
            if (at != 5) out.emplace(std::make_unique<int>(at++));
        }
    };
    inline static int starts = 0;
    inline static int asked = 0;
    inline static int walks = 0; // that are alive

    [[nodiscard]] walk start() {
        ++starts;
        return walk{};
    }
};
using view = bl::detail::walk_view<counting>;

struct counters_at_0 {
    counters_at_0() { counting::starts = counting::asked = 0; }
};

} // namespace

TEST_CASE_FIXTURE(counters_at_0, "nothing is asked for before it is looked at") {
    view numbers;
    CHECK(counting::starts == 0);
    auto it = numbers.begin();
    CHECK(counting::asked == 0);
    CHECK(**it == 0);
    CHECK(counting::asked == 1);
    CHECK(**it == 0); // looking again asks no more
    CHECK(it != numbers.end());
    CHECK(counting::asked == 1);
    ++it;
    CHECK(counting::asked == 1);
    CHECK(it != numbers.end());
    CHECK(counting::asked == 2);
}

TEST_CASE_FIXTURE(counters_at_0, "elements that nobody looks at are still walked over") {
    view numbers;
    auto it = numbers.begin();
    ++it;
    it++;
    CHECK(**it == 2);
}

TEST_CASE_FIXTURE(counters_at_0, "the end is found once") {
    view numbers;
    int seen = 0;
    auto it = numbers.begin();
    for (; it != numbers.end(); ++it)
        ++seen;
    CHECK(seen == 5);
    CHECK(it == numbers.end());
    CHECK(counting::asked == 6);
}

TEST_CASE_FIXTURE(counters_at_0,
                  "an element is yielded as an rvalue, and stays until it is moved from") {
    view numbers;
    auto it = numbers.begin();
    static_assert(std::is_same_v<decltype(*it), std::unique_ptr<int>&&>);
    auto&& looked_at = *it;
    CHECK(looked_at);
    std::unique_ptr<int> const taken = *it;
    CHECK(*taken == 0);
    CHECK_FALSE(*it); // taken out
    ++it;
    CHECK(*it);
}

TEST_CASE_FIXTURE(counters_at_0, "a copy of a view starts anew, wherever the original is") {
    view numbers;
    auto it = numbers.begin();
    ++it;
    CHECK(**it == 1);
    view copy = numbers;
    CHECK(**copy.begin() == 0);
    CHECK(**it == 1); // the original's walk goes on
    view assigned;
    (void)assigned.begin();
    assigned = numbers;
    CHECK(**assigned.begin() == 0);
    CHECK(counting::starts == 4);
}

TEST_CASE_FIXTURE(counters_at_0,
                  "a moved view starts anew, and so does the one it was moved from") {
    view numbers;
    CHECK(**numbers.begin() == 0);
    view moved = std::move(numbers);
    CHECK(**moved.begin() == 0);
    CHECK(**numbers.begin() == 0); // NOLINT(bugprone-use-after-move)
    view assigned;
    assigned = std::move(moved);
    CHECK(**assigned.begin() == 0);
}

TEST_CASE_FIXTURE(counters_at_0, "begin starts anew") {
    view numbers;
    for (int round = 0; round != 3; ++round) {
        int expected = 0;
        for (auto&& number : numbers)
            CHECK(*number == expected++);
        CHECK(expected == 5);
    }
    CHECK(counting::starts == 3);
}

TEST_CASE_FIXTURE(counters_at_0, "iterators of one walk are equal") {
    view numbers;
    auto const first = numbers.begin();
    auto const second = first;
    CHECK(first == second);
    view::iterator const singular{};
    CHECK(singular == view::iterator{});
    CHECK(first != singular);
}

// E7
TEST_CASE_FIXTURE(counters_at_0, "a loop left early leaves no walk behind, however it is left") {
    view numbers;
    for (auto&& number : numbers) {
        CHECK(*number == 0);
        CHECK(counting::walks == 1);
        break;
    }
    CHECK(counting::walks == 0);
    auto const returns = [&] {
        for (auto&& number : numbers)
            if (*number == 2) return true;
        return false;
    };
    CHECK(returns());
    CHECK(counting::walks == 0);
    CHECK_THROWS_AS(
        [&] {
            for (auto&& number : numbers)
                throw *number;
        }(),
        int);
    CHECK(counting::walks == 0);
    for (auto&& number : numbers)
        CHECK(number);
    CHECK(counting::walks == 0); // nor one that came to its end
}

// E7
TEST_CASE_FIXTURE(counters_at_0, "a walk ends with the last of its iterators") {
    view numbers;
    auto first = std::optional{numbers.begin()};
    auto second = std::optional{*first};
    auto third = std::optional{std::move(*second)};
    CHECK(*first != std::default_sentinel);
    first.reset();
    second.reset();
    CHECK(counting::walks == 1);
    CHECK(***third == 0);
    view::iterator assigned;
    assigned = *third;
    third.reset();
    CHECK(counting::walks == 1);
    assigned = view::iterator{};
    CHECK(counting::walks == 0);
}

TEST_CASE_FIXTURE(counters_at_0, "an iterator may outlive its walk, and is at the end then") {
    view::iterator it;
    CHECK(it == std::default_sentinel);
    {
        view numbers;
        it = numbers.begin();
        CHECK(**it == 0);
        auto again = numbers.begin();
        CHECK(it == std::default_sentinel); // of the walk before
        CHECK(**again == 0);
        it = again;
    }
    CHECK(it == std::default_sentinel);
    CHECK(counting::walks == 0);

    view one;
    view other;
    it = one.begin();
    one = other;
    CHECK(it == std::default_sentinel);
    it = one.begin();
    view const moved = std::move(one);
    CHECK(it == std::default_sentinel);
    CHECK(counting::walks == 0);
}

TEST_CASE_FIXTURE(counters_at_0, "views of views end their walks one after the other") {
    int seen = 0;
    auto all = std::views::iota(0, 3) | std::views::transform([](int) { return view{}; }) |
               std::views::join;
    for (auto&& number : all) {
        CHECK(counting::walks == 1);
        seen += *number + 1;
    }
    CHECK(seen == 3 * 15);
}

namespace {

/// Counts to three, each number once, whoever walks: what nobody looked at comes again.
struct single_pass {
    using element = int;
    struct walk {
        int* at;
        void next(std::optional<int>& out) {
            if (*at != 3) out.emplace((*at)++);
        }
        void give_back(int unseen) const { *at = unseen; }
    };
    int* at = nullptr;
    [[nodiscard]] walk start() const { return {at}; }
};

} // namespace

// E17
TEST_CASE("an element that nobody looked at goes back to its source") {
    int at = 0;
    bl::detail::walk_view<single_pass> numbers{{&at}};
    CHECK(numbers.begin() != numbers.end()); // asked for, and not looked at
    CHECK(*numbers.begin() == 0);
    {
        auto it = numbers.begin();
        ++it; // passed by
        CHECK(it != numbers.end());
        auto again = numbers.begin();
        CHECK(*again == 2);
    }
    CHECK(numbers.begin() == numbers.end());
}
