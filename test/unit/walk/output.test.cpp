// SPDX-License-Identifier: Apache-2.0
#include "iterator.hpp"

#include <bpflink/hook/iter.hpp>
#include <bpflink/iter_output.hpp>
#include <bpflink/typed_link.hpp>
#include <bpflink/views/results.hpp>

#include <array>
#include <concepts>
#include <cstring>
#include <ranges>
#include <span>
#include <string>
#include <vector>

#include <range/v3/range/conversion.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/transform.hpp>

namespace {

struct point {
    std::uint32_t x = 0;
    std::uint16_t y = 0;
    friend bool operator==(point const&, point const&) = default;
};

struct output_of_iterator : iterator {
    /// Copies: a line lives until the next.
    std::vector<std::string> lines() {
        auto output = opened();
        std::vector<std::string> all;
        for (auto&& line : output.lines()) {
            if (!line)
                all.push_back("error " + std::to_string(line.error().code().value()));
            else
                all.emplace_back(*line);
        }
        return all;
    }
};

using texts = std::vector<std::string>;

std::string bytes_of(std::vector<point> const& points) {
    return {reinterpret_cast<char const*>(points.data()), points.size() * sizeof(point)};
}

/// The next line of a range, which goes no further.
std::string next_line(auto&& range) {
    for (auto&& line : range)
        return std::string{*line};
    return "none";
}

template <class Output>
concept has_ranges = requires(Output output) {
    std::forward<Output>(output).lines();
    std::forward<Output>(output).bytes();
    std::forward<Output>(output).template records<point>();
};
static_assert(has_ranges<bl::iter_output&>);
static_assert(!has_ranges<bl::iter_output>, "the output would be gone");

template <class T>
concept is_record = bl::output_record<T>;
static_assert(is_record<point> && is_record<int> && !is_record<std::string>);
static_assert(!is_record<char const*> && !is_record<std::string_view> &&
              !is_record<std::span<int>> && !is_record<bl::fd_view>);

} // namespace

TEST_CASE_FIXTURE(output_of_iterator, "lines come one by one, without their ends") {
    there.output = {std::string{"one\ntwo\n\nfour\n"}};
    CHECK(lines() == texts{"one", "two", "", "four"});
    there.output = {std::string{"no end"}};
    CHECK(lines() == texts{"no end"});
    there.output = {std::string{"\n"}};
    CHECK(lines() == texts{""});
    there.output = {};
    CHECK(lines() == texts{});
}

TEST_CASE_FIXTURE(output_of_iterator, "lines are whole however little a read gives") {
    there.output = {std::string{"one\ntw"}, std::string{"o\n"}, std::string{"three\nfour"}};
    for (std::size_t const most : {1UL, 2UL, 3UL, 5UL, 100UL}) {
        most_read = most;
        CHECK(lines() == texts{"one", "two", "three", "four"});
    }
}

TEST_CASE_FIXTURE(output_of_iterator,
                  "a line may be longer than the buffer, and many fit into it") {
    texts expected;
    there.output = {std::string{}};
    auto& text = std::get<std::string>(there.output.front());
    for (std::size_t const length :
         {70'000UL, 10UL, 32'767UL, 32'768UL, 32'769UL, 0UL, 200'000UL}) {
        expected.emplace_back(length, static_cast<char>('a' + expected.size()));
        text += expected.back() + '\n';
    }
    for (int i = 0; i != 10'000; ++i) {
        expected.push_back("line " + std::to_string(i));
        text += expected.back() + '\n';
    }
    CHECK(lines() == expected);
}

TEST_CASE_FIXTURE(output_of_iterator,
                  "an error ends the lines; what was whole before it is there") {
    there.output = {std::string{"one\ntw"}, E2BIG, std::string{"o\n"}};
    CHECK(lines() == texts{"one", "error 7"});
    auto output = opened();
    auto const owned = [](auto&& line) {
        return line.map([](std::string_view text) { return std::string{text}; });
    };
    auto const all = output.lines() | std::views::transform(owned) | bl::collect;
    REQUIRE_FALSE(all);
    check_error(all.error(), E2BIG, bl::operation::read, no_condition, {"iterator output"});
}

TEST_CASE_FIXTURE(output_of_iterator,
                  "nothing is read before it is looked at, nor more than is needed") {
    there.output = {std::string{"one\ntwo\n"}, std::string{"three\n"}};
    auto output = opened();
    forget_calls();
    auto view = output.lines();
    auto it = view.begin();
    CHECK(calls(call::read) == 0);
    CHECK(*it == std::string_view{"one"});
    ++it;
    CHECK(*it == std::string_view{"two"});
    CHECK(calls(call::read) == 1);
    ++it;
    CHECK(calls(call::read) == 1);
    CHECK(*it == std::string_view{"three"});
    ++it;
    CHECK(it == std::default_sentinel);
}

TEST_CASE_FIXTURE(output_of_iterator,
                  "pauses are waited out; a program that never goes on is an error") {
    there.output = {EAGAIN, std::string{"one\n"}, EAGAIN, EAGAIN, std::string{"two\n"}};
    CHECK(lines() == texts{"one", "two"});
    there.output = std::deque<fake::read_step>(2'000, EAGAIN);
    there.output.emplace_front(std::string{"one\n"});
    auto output = opened();
    auto const text = output.read_all();
    REQUIRE_FALSE(text);
    check_error(text.error(), EAGAIN, bl::operation::read, no_condition, {"returns 1"});
    CHECK(calls(call::read) < 1'100);
    CHECK(lines() == texts{"one", "error 11"});
}

TEST_CASE_FIXTURE(output_of_iterator, "records are copied out, wherever a read cuts them") {
    std::vector<point> points;
    for (std::uint32_t i = 0; i != 9'000; ++i)
        points.push_back({i, static_cast<std::uint16_t>(i * 7)});
    there.output = {bytes_of(points)};
    for (std::size_t const most : {1UL, 5UL, 8UL, 1'000UL, 1'000'000UL}) {
        most_read = most;
        auto output = opened();
        auto const all = output.records<point>() | bl::collect;
        REQUIRE(succeeded(all));
        CHECK(*all == points);
    }
}

TEST_CASE_FIXTURE(output_of_iterator, "an output that ends inside a record says so") {
    there.output = {bytes_of({{1, 2}, {3, 4}}) + "abc"};
    auto output = opened();
    std::vector<point> whole;
    std::vector<bl::error> errors;
    for (auto&& record : output.records<point>()) {
        if (record)
            whole.push_back(*record);
        else
            errors.push_back(record.error());
    }
    CHECK(whole == std::vector<point>{{1, 2}, {3, 4}});
    REQUIRE(errors.size() == 1);
    check_error(errors.front(), EPROTO, bl::operation::read, bl::errc::invalid_argument,
                {"3 bytes", "8"});
}

TEST_CASE_FIXTURE(output_of_iterator, "an error ends the records") {
    there.output = {bytes_of({{1, 2}}) + "abc", ENOMEM, bytes_of({{3, 4}})};
    auto output = opened();
    int seen = 0;
    for (auto&& record : output.records<point>()) {
        if (++seen == 1)
            CHECK(record == point{1, 2});
        else
            CHECK(record.error().code().value() == ENOMEM);
    }
    CHECK(seen == 2);
}

TEST_CASE_FIXTURE(output_of_iterator, "bytes come as they are read") {
    there.output = {std::string{"abc"}, std::string{"de"}, EPERM, std::string{"f"}};
    auto output = opened();
    texts all;
    for (auto&& chunk : output.bytes())
        all.push_back(chunk
                          ? std::string(reinterpret_cast<char const*>(chunk->data()), chunk->size())
                          : "error");
    CHECK(all == texts{"abc", "de", "error"});
}

TEST_CASE_FIXTURE(output_of_iterator, "lines go through the adaptors of both libraries") {
    there.output = {std::string{"task 1\nidle\ntask 22\n"}};
    auto output = opened();
    auto const is_task = [](std::string_view line) { return line.starts_with("task "); };
    std::size_t characters = 0;
    for (auto&& line :
         output.lines() | std::views::filter(bl::where(is_task)) | std::views::transform(bl::value))
        characters += line.size();
    CHECK(characters == 13);

    auto again = opened();
    auto const lengths =
        again.lines() | ranges::views::filter(bl::has_value) | ranges::views::transform(bl::value) |
        ranges::views::transform([](std::string_view line) { return line.size(); }) |
        ranges::to<std::vector>();
    CHECK(lengths == std::vector<std::size_t>{6, 4, 7});
}

// E17
TEST_CASE_FIXTURE(output_of_iterator, "a walk goes on where the last one was left") {
    there.output = {std::string{"one\ntwo\nthree\nfour\nfive\n"}};
    auto output = opened();
    auto view = output.lines();
    CHECK(next_line(view | std::views::take(1)) == "one");
    CHECK(next_line(view) == "two");
    CHECK(next_line(output.lines()) == "three"); // of another view as well
    auto it = view.begin();
    ++it; // passed by
    CHECK(next_line(output.lines()) == "five");
    CHECK(next_line(output.lines()) == "none");
}

// E17
TEST_CASE_FIXTURE(output_of_iterator, "asking whether there is a line takes none") {
    there.output = {std::string{"one\ntwo\nlast"}};
    auto output = opened();
    auto view = output.lines();
    CHECK(view.begin() != view.end());
    CHECK(view.begin() != view.end());
    CHECK(next_line(view) == "one");
    texts rest;
    for (auto&& line : view)
        rest.emplace_back(*line);
    CHECK(rest == texts{"two", "last"});
    CHECK(view.begin() == view.end());
}

// E17
TEST_CASE_FIXTURE(output_of_iterator, "records that nobody looked at come again") {
    there.output = {bytes_of({{1, 2}, {3, 4}, {5, 6}})};
    for (std::size_t const most : {5UL, 8UL, 100UL}) {
        most_read = most;
        auto output = opened();
        auto records = output.records<point>();
        CHECK(records.begin() != records.end());
        CHECK(*records.begin() == point{1, 2});
        CHECK(records.begin() != records.end());
        auto const rest = output.records<point>() | bl::collect;
        REQUIRE(succeeded(rest));
        CHECK(*rest == std::vector<point>{{3, 4}, {5, 6}});
    }
}

// E17
TEST_CASE_FIXTURE(output_of_iterator, "an error that nobody looked at comes again") {
    there.output = {std::string{"one\n"}, ENOMEM, std::string{"two\n"}};
    auto output = opened();
    auto view = output.lines();
    CHECK(next_line(view) == "one");
    CHECK(view.begin() != view.end()); // the error
    auto const failed = [](auto&& range) {
        for (auto&& line : range)
            return !line.has_value() && line.error().code().value() == ENOMEM;
        return false;
    };
    SUBCASE("in the same range") {
        CHECK(failed(view));
    }
    SUBCASE("in another") {
        CHECK(failed(output.bytes()));
    }
    SUBCASE("by a read") {
        std::array<std::byte, 8> room{};
        CHECK(output.read(room).error().code().value() == ENOMEM);
    }
    CHECK(next_line(view) == "two");
}

// E17
TEST_CASE_FIXTURE(output_of_iterator, "read and the ranges take turns, and nothing is lost") {
    there.output = {std::string{"one\ntwo\nthree\nfour\n"}, std::string{"five\n"}};
    auto output = opened();
    CHECK(next_line(output.lines()) == "one");
    std::array<std::byte, 2> room{};
    CHECK(output.read(room) == 2U);
    CHECK(static_cast<char>(room[0]) == 't');
    CHECK(next_line(output.lines()) == "o");
    for (auto&& chunk : output.bytes()) {
        CHECK(chunk->size() == 11);
        break;
    }
    CHECK(output.read_all() == "five\n");

    auto again = opened();
    CHECK(next_line(again.lines()) == "one");
    CHECK(again.read_all() == "two\nthree\nfour\nfive\n");
}

// E12
TEST_CASE_FIXTURE(output_of_iterator,
                  "a range keeps the run open, whatever becomes of the output") {
    there.output = {std::string{"one\ntwo\nthree\n"}};
    auto const link = bl::iter_link::from_id(bl::link_id{there.id()});
    REQUIRE(succeeded(link));
    auto const held = open_descriptors().size();
    texts all;
    for (auto&& line : link->open()->lines()) // which the compiler cannot tell from a named one
        all.emplace_back(*line);
    CHECK(all == texts{"one", "two", "three"});
    CHECK(open_descriptors().size() == held);

    bl::lines_view kept;
    {
        auto output = opened();
        kept = output.lines();
        CHECK(next_line(kept) == "one");
        auto const moved = std::move(output);
        CHECK(next_line(kept) == "two");
    }
    CHECK(next_line(kept) == "three");
    kept = {};
    CHECK(open_descriptors().size() == held);
}

TEST_CASE_FIXTURE(output_of_iterator, "an empty output has one element: that it cannot be read") {
    bl::iter_output none;
    int seen = 0;
    for (auto&& line : none.lines()) {
        CHECK(line.error().code().value() == EBADF);
        ++seen;
    }
    CHECK(seen == 1);
    std::array<std::byte, 8> room{};
    CHECK(none.read(room).error().code().value() == EBADF);
    CHECK_FALSE(none.fd());
    bl::lines_view nothing;
    CHECK(nothing.begin() != nothing.end());
}
