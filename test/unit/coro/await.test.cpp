// SPDX-License-Identifier: Apache-2.0
// co_await on results. Compiled at two levels of optimization: compilers have got this wrong.
#include <bpflink/error.hpp>

#include <any>
#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

namespace bl = bpflink;

namespace {

using bl::result;

bl::error problem(int number) {
    return bl::error{number, bl::operation::read, "a subject that is too long to be stored inline"};
}

// Functions that fail for a negative number, with its absolute value.
[[gnu::noinline]] result<int> leaf(int x) {
    if (x < 0) return tl::unexpected{problem(-x)};
    return x;
}
[[gnu::noinline]] result<void> leaf_void(int x) {
    if (x < 0) return tl::unexpected{problem(-x)};
    return {};
}
[[gnu::noinline]] result<std::unique_ptr<std::string>> leaf_owner(int x) {
    if (x < 0) return tl::unexpected{problem(-x)};
    return std::make_unique<std::string>(std::to_string(x) +
                                         " and text that is too long for inline");
}
[[gnu::noinline]] result<int> length_of(std::string text) {
    return static_cast<int>(text.size());
}
[[gnu::noinline]] result<int> refuse(std::string const&) {
    return tl::unexpected{problem(EIO)};
}

template <class T>
int error_of(result<T> const& r) {
    REQUIRE_FALSE(r);
    CHECK(r.error() == problem(r.error().code().value())); // whole, with its subject
    return r.error().code().value();
}

/// Writes down that it lived, and that it died.
struct traced {
    inline static std::string trace;
    char name;
    explicit traced(char c) : name{c} { trace += name; }
    traced(traced const&) = delete;
    traced& operator=(traced const&) = delete;
    ~traced() { trace += static_cast<char>(name - 'a' + 'A'); }
};

/// Counts how many are alive: a frame that is lost or destroyed twice shows here.
struct handle {
    inline static int alive = 0;
    int value;
    explicit handle(int v) : value{v} { ++alive; }
    handle(handle&& other) noexcept : value{std::exchange(other.value, -1)} { ++alive; }
    handle& operator=(handle&& other) noexcept {
        value = std::exchange(other.value, -1);
        return *this;
    }
    ~handle() { --alive; }
};
[[gnu::noinline]] result<handle> leaf_handle(int x) {
    if (x < 0) return tl::unexpected{problem(-x)};
    return handle{x};
}

result<int> add(int a, int b) {
    int const x = co_await leaf(a);
    int const y = co_await leaf(b);
    co_return x + y;
}
result<int> nested(int a, int b, int c) {
    int const x = co_await add(a, b);
    int const y = co_await leaf(c);
    co_return x + y;
}
result<int> recursive(int depth) {
    if (depth == 0) co_return co_await leaf(-1);
    int const deeper = co_await recursive(depth - 1);
    co_return deeper + 1;
}

} // namespace

TEST_CASE("co_await yields the value or returns the error") {
    CHECK(add(1, 2) == 3);
    CHECK(error_of(add(-4, 2)) == 4);
    CHECK(error_of(add(1, -5)) == 5);
    CHECK(nested(1, 2, 3) == 6);
    CHECK(error_of(nested(-1, 2, 3)) == 1);
    CHECK(error_of(nested(1, -2, 3)) == 2);
    CHECK(error_of(nested(1, 2, -3)) == 3);
    CHECK(error_of(recursive(200)) == 1);
}

TEST_CASE("after a failed co_await nothing runs any more") {
    int reached = 0;
    auto const function = [](int x, int& steps) -> result<int> {
        ++steps;
        int const y = co_await leaf(x);
        ++steps;
        co_return y;
    };
    CHECK(error_of(function(-1, reached)) == 1);
    CHECK(reached == 1);
    CHECK(function(1, reached) == 1);
    CHECK(reached == 3);
}

TEST_CASE("a result without a value is awaited, and returned by ending") {
    auto const twice = [](int x, int y) -> result<void> {
        co_await leaf_void(x);
        co_await leaf_void(y);
    };
    CHECK(twice(1, 1));
    CHECK(error_of(twice(-4, 1)) == 4);
    CHECK(error_of(twice(1, -5)) == 5);
    auto const early = [](bool stop, int& reached) -> result<void> {
        if (stop) co_return;
        reached = 1;
        co_await leaf_void(1);
    };
    int reached = 0;
    CHECK(early(true, reached));
    CHECK(reached == 0);
    CHECK(early(false, reached));
    CHECK(reached == 1);
    auto const then_value = [](int x) -> result<int> {
        co_await leaf_void(x);
        co_return 7;
    };
    CHECK(then_value(1) == 7);
    CHECK(error_of(then_value(-2)) == 2);
}

TEST_CASE("a failure is returned, or awaited where nothing is returned") {
    auto const valued = [](int way) -> result<int> {
        if (way == 0) co_return tl::unexpected{problem(90)};
        if (way == 1) co_await tl::unexpected{problem(91)};
        if (way == 2) co_return leaf(-92);
        co_return leaf(way);
    };
    CHECK(error_of(valued(0)) == 90);
    CHECK(error_of(valued(1)) == 91);
    CHECK(error_of(valued(2)) == 92);
    CHECK(valued(3) == 3);
    auto const empty = [](int x) -> result<void> {
        if (x < 0) co_await tl::unexpected{problem(-x)};
        co_return;
    };
    CHECK(empty(1));
    CHECK(error_of(empty(-9)) == 9);
    auto const with_temporary = [](std::string text) -> result<void> {
        co_await tl::unexpected{bl::error{EIO, bl::operation::read, text + " and more of it"}};
    };
    auto const outcome = with_temporary(std::string(100, 'x'));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().subject() == std::string(100, 'x') + " and more of it");
}

TEST_CASE("move-only values go through, and none is lost") {
    auto const function = [](int x) -> result<handle> {
        handle a = co_await leaf_handle(x);
        handle b = co_await leaf_handle(a.value + 1);
        co_return std::move(b);
    };
    CHECK(function(3)->value == 4);
    CHECK(error_of(function(-3)) == 3);
    auto const by_reference = [&](int x) -> result<int> {
        auto&& a = co_await leaf_handle(x); // the value itself: nothing dangles
        co_await leaf_void(1);
        co_return a.value;
    };
    CHECK(by_reference(3) == 3);
    CHECK(error_of(by_reference(-3)) == 3);
    CHECK(handle::alive == 0);

    auto const owner = [](int x) -> result<std::unique_ptr<std::string>> {
        auto first = co_await leaf_owner(1);
        auto second = co_await leaf_owner(x);
        *first += *second;
        co_return first; // moved without being asked to
    };
    auto const text = owner(5);
    REQUIRE(text);
    CHECK((*text)->starts_with("1 and"));
    CHECK(error_of(owner(-5)) == 5);
}

TEST_CASE("an lvalue result is awaited by reference") {
    auto const change = [](int x) -> result<int> {
        auto r = leaf(x);
        int& inside = co_await r;
        inside += 5;
        co_return *r;
    };
    CHECK(change(1) == 6);
    CHECK(error_of(change(-1)) == 1);
    auto const keeps_error = [](result<int>& r) -> result<int> { co_return co_await r; };
    auto failed = leaf(-7);
    CHECK(error_of(keeps_error(failed)) == 7);
    CHECK(error_of(failed) == 7); // copied, not moved out of the caller's
    auto good = leaf_void(1);
    auto const nothing = [](result<void>& r) -> result<void> { co_await r; };
    CHECK(nothing(good));
}

TEST_CASE("a const result is awaited by reference to const") {
    auto const length = [](result<std::unique_ptr<std::string>> const& r) -> result<std::size_t> {
        auto const& text = co_await r;
        co_return text->size();
    };
    CHECK(length(leaf_owner(1)) == (*leaf_owner(1))->size());
    auto const failed = leaf_owner(-3);
    CHECK(error_of(length(failed)) == 3);
    CHECK(error_of(failed) == 3);
    auto const nothing = [](result<void> const& r) -> result<void> { co_await r; };
    CHECK(nothing(leaf_void(1)));
}

TEST_CASE("locals die in the reverse order of their birth, however the function ends") {
    auto const function = [](int x) -> result<int> {
        traced const a{'a'};
        int y = co_await leaf(1);
        {
            traced const b{'b'};
            traced const c{'c'};
            int const more = co_await leaf(x);
            y += more;
            traced const d{'d'};
        }
        co_return y;
    };
    traced::trace.clear();
    CHECK(function(2) == 3);
    CHECK(traced::trace == "abcdDCBA");
    traced::trace.clear();
    CHECK(error_of(function(-2)) == 2);
    CHECK(traced::trace == "abcCBA");
}

TEST_CASE("parameters live as long as the function, and then no longer") {
    auto const function = [](std::unique_ptr<int> p, handle h, std::string s,
                             int x) -> result<int> {
        int const y = co_await leaf(x);
        co_return y + *p + h.value + static_cast<int>(s.size());
    };
    std::string const text(50, 't');
    CHECK(function(std::make_unique<int>(3), handle{4}, text, 2) == 59);
    CHECK(error_of(function(std::make_unique<int>(3), handle{4}, text, -2)) == 2);
    CHECK(handle::alive == 0);
}

TEST_CASE("temporaries of the awaited expression die once, after it") {
    auto const function = [](int x) -> result<int> {
        auto const call = [](traced const&, traced const&, int v) { return leaf(v); };
        int const y = co_await call(traced{'x'}, traced{'y'}, x);
        co_return y;
    };
    for (int const x : {2, -2}) {
        traced::trace.clear();
        CHECK(function(x).has_value() == (x > 0));
        bool const in_order = traced::trace == "xyYX" || traced::trace == "yxXY";
        CHECK(in_order);
    }
    auto const with_text = [](std::string s) -> result<int> {
        int const a = co_await length_of(s + "abc");
        int const b = co_await refuse(s + "a tail that is too long for any small buffer");
        co_return a + b;
    };
    CHECK(error_of(with_text(std::string(100, 's'))) == EIO);
    CHECK(error_of(with_text("s")) == EIO);
}

TEST_CASE("an exception passes through, and everything dies") {
    auto const function = [](int x) -> result<int> {
        traced const a{'a'};
        handle const h{1};
        int const y = co_await leaf(x);
        traced const b{'b'};
        if (y > 5) throw std::runtime_error{"thrown"};
        co_return y;
    };
    traced::trace.clear();
    CHECK_THROWS_WITH_AS((void)function(9), "thrown", std::runtime_error);
    CHECK(traced::trace == "abBA");
    CHECK(handle::alive == 0);
    CHECK(function(1) == 1);
    auto const outer = [&](int x) -> result<int> {
        traced const c{'c'};
        int const y = co_await function(x);
        co_return y;
    };
    traced::trace.clear();
    CHECK_THROWS_AS((void)outer(9), std::runtime_error);
    CHECK(traced::trace == "cabBAC");
    auto const caught = [&](int x) -> result<int> {
        try {
            int const y = co_await function(x);
            co_return y;
        } catch (std::runtime_error const&) {
        }
        co_return -1;
    };
    CHECK(caught(9) == -1);
    CHECK(error_of(caught(-9)) == 9);
    CHECK(handle::alive == 0);
}

TEST_CASE("co_await stands in loops, conditions and initializers") {
    auto const loop = [](int n, int bad) -> result<int> {
        int sum = 0;
        for (int i = 0; i != n; ++i) {
            int const x = co_await leaf(i == bad ? -5 : i);
            sum += x;
        }
        co_return sum;
    };
    CHECK(loop(100, -1) == 4'950);
    CHECK(error_of(loop(100, 50)) == 5);
    auto const condition = [](int x) -> result<int> {
        if (int const y = co_await leaf(x); y > 10) co_return 1;
        switch (co_await leaf(x)) {
        case 3: co_return 2;
        default: co_return 3;
        }
    };
    CHECK(condition(11) == 1);
    CHECK(condition(3) == 2);
    CHECK(condition(4) == 3);
    CHECK(error_of(condition(-4)) == 4);
    auto const range = [](std::vector<std::string> texts) -> result<int> {
        int total = 0;
        for (auto const& text : texts) {
            int const n = co_await length_of(text);
            total += n;
        }
        co_return total;
    };
    CHECK(range({"a", std::string(100, 'b')}) == 101);
    auto const conditional = [](bool which) -> result<int> {
        int const z = which ? co_await leaf(1) : co_await leaf(-2);
        co_return z;
    };
    CHECK(conditional(true) == 1);
    CHECK(error_of(conditional(false)) == 2);
    auto const binding = [](std::string s) -> result<int> {
        auto const [a, b] = std::pair{s, s + "x"};
        int const n = co_await length_of(a);
        co_return n + static_cast<int>(b.size());
    };
    CHECK(binding(std::string(40, 'q')) == 81);
}

namespace {

struct no_default {
    explicit no_default(int v) : value{v} {}
    int value;
};

struct service {
    int base;
    result<int> get(int x) const {
        int const y = co_await leaf(x);
        co_return base + y;
    }
};

template <class F>
result<int> generic(F function) {
    int const x = co_await function();
    co_return x + 1;
}

} // namespace

TEST_CASE("any function that returns a result may co_await") {
    CHECK(service{10}.get(1) == 11);
    CHECK(error_of(service{10}.get(-1)) == 1);
    CHECK(generic([] { return leaf(1); }) == 2);
    CHECK(generic([] { return add(1, 2); }) == 4);
    auto const without_default = [](int x) -> result<no_default> {
        int const y = co_await leaf(x);
        co_return no_default{y};
    };
    CHECK(without_default(4)->value == 4);
    CHECK(error_of(without_default(-4)) == 4);
    auto const converted = [](int x) -> result<std::string> {
        co_await leaf(x);
        co_return "a literal";
    };
    CHECK(*converted(1) == "a literal");
    CHECK(error_of(converted(-1)) == 1);
    auto const vector = [](int x) -> result<std::vector<int>> {
        std::vector<int> all;
        for (int i = 0; i != 3; ++i)
            all.push_back(co_await leaf(x));
        co_return all;
    };
    CHECK(vector(4)->size() == 3);
    CHECK(error_of(vector(-4)) == 4);
}

namespace {

/// Converts as `return` does: only where the constructor is not explicit.
struct explicit_from_int {
    int value = 0;
    explicit_from_int() = default;
    explicit explicit_from_int(int v) : value{v} {}
};

} // namespace

// E13
TEST_CASE("a value that can be made of anything is what was returned, or there is the error") {
    auto const any = [](int x) -> result<std::any> {
        handle const local{1};
        int const y = co_await leaf(x);
        co_return y;
    };
    auto const good = any(3);
    REQUIRE(good);
    CHECK(std::any_cast<int>(&*good) != nullptr);
    CHECK(std::any_cast<int>(*good) == 3);
    CHECK(error_of(any(-3)) == 3);
    auto const optional = [](int x) -> result<std::optional<std::any>> {
        int const y = co_await leaf(x);
        if (y == 0) co_return std::nullopt;
        co_return std::any{y};
    };
    CHECK(error_of(optional(-3)) == 3);
    CHECK_FALSE(optional(0)->has_value());
    CHECK(std::any_cast<int>(**optional(3)) == 3);
    auto const variant = [](int x) -> result<std::variant<std::string, std::any>> {
        int const y = co_await leaf(x);
        co_return std::any{y};
    };
    CHECK(error_of(variant(-3)) == 3);
    CHECK(variant(3)->index() == 1);
    auto const function = [](int x) -> result<std::function<int()>> {
        int const y = co_await leaf(x);
        co_return [y] { return y; };
    };
    CHECK(error_of(function(-3)) == 3);
    CHECK((*function(3))() == 3);
    auto const pointer = [](int x) -> result<std::shared_ptr<void>> {
        auto y = co_await leaf_owner(x);
        co_return std::shared_ptr<std::string>{std::move(y)};
    };
    CHECK(error_of(pointer(-3)) == 3);
    CHECK(pointer(3)->use_count() == 1);
    CHECK(handle::alive == 0);
}

// E13
TEST_CASE("results of truths, of optionals and of results keep apart what is in them") {
    auto const truth = [](int x) -> result<bool> {
        int const y = co_await leaf(x);
        co_return y > 2;
    };
    CHECK(truth(3) == true);
    CHECK(truth(1) == false);
    CHECK(error_of(truth(-3)) == 3);
    auto const maybe = [](int x) -> result<std::optional<bool>> {
        int const y = co_await leaf(x);
        if (y == 0) co_return std::nullopt;
        co_return y > 2;
    };
    CHECK_FALSE(maybe(0)->has_value());
    CHECK(maybe(1)->value() == false);
    CHECK(error_of(maybe(-1)) == 1);
    auto const nested = [](int x, int y) -> result<result<int>> {
        co_await leaf(x);
        co_return leaf(y);
    };
    CHECK(error_of(nested(-1, 2)) == 1);
    CHECK(error_of(*nested(1, -2)) == 2);
    CHECK(**nested(1, 2) == 2);
}

// E13
TEST_CASE("co_return takes what return takes") {
    auto const braces = [](int x) -> result<std::vector<int>> {
        co_await leaf(x);
        if (x == 0) co_return {};
        std::vector<int> all{x, x};
        co_return {all};
    };
    CHECK(braces(0)->empty());
    CHECK(braces(3)->size() == 2);
    CHECK(error_of(braces(-3)) == 3);
    auto const explicit_one = [](int x) -> result<explicit_from_int> {
        int const y = co_await leaf(x);
        co_return explicit_from_int{y};
    };
    CHECK(explicit_one(4)->value == 4);
    auto const converted = [](int x) -> result<std::unique_ptr<std::string const>> {
        co_return leaf_owner(x); // of another type of result
    };
    CHECK((*converted(4))->starts_with("4 and"));
    CHECK(error_of(converted(-4)) == 4);
}

TEST_CASE("what a coroutine returns is a result like any other") {
    auto const chained = add(1, 2)
                             .and_then([](int x) -> result<int> {
                                 int const y = co_await leaf(1);
                                 co_return x + y;
                             })
                             .map([](int x) { return x * 10; });
    CHECK(chained == 40);
}
