// SPDX-License-Identifier: Apache-2.0
// What works where only the module is known. That each name is there is names_test.py's to say;
// this is what comes with the names: operators, specializations, coroutines, views, deduction
// guides.
#include <coroutine>
#include <functional>
#include <iterator>
#include <ranges>
#include <sstream>
#include <string>
#include <system_error>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/take.hpp>

import bpflink;

namespace bl = bpflink;

#ifdef BPFLINK_VERSION_MAJOR
#error "macros come with a header, and none was to be included"
#endif

namespace {

std::string printed(auto const& x) {
    std::ostringstream out;
    out << x;
    return out.str();
}

// Nothing is there, whoever asks.
constexpr auto nowhere = "/nonexistent/bpflink";

struct service_program {
    static constexpr bl::program_type type = bl::program_type::xdp;
    bl::fd_view fd() const { return {}; }
};

bl::result<int> twice(bl::result<int> x) {
    int const value = co_await x;
    co_return 2 * value;
}
bl::result<void> fail(bl::error e) {
    co_await tl::unexpected(std::move(e));
}

} // namespace

// For include_then_import.test.cpp.
bl::result<bl::link_info> made_by_importer() {
    return bl::link_info{.type = bl::link_type::xdp,
                         .id = bl::link_id{42u},
                         .program = bl::program_id{7u},
                         .details = bl::xdp_details{.ifindex = bl::ifindex{2u}}};
}

TEST_CASE("enumerators and ids print, compare and hash") {
    CHECK(printed(bl::link_type::xdp) == "xdp");
    CHECK(printed(bl::errc::defunct) == bl::to_string(bl::errc::defunct));
    CHECK(printed(bl::link_id{42u}) == "42");
    CHECK(bl::link_id{1u} < bl::link_id{2u});
    CHECK(std::unordered_set{bl::program_id{7u}, bl::program_id{7u}}.size() == 1);
    CHECK(bl::parse_link_type("tcx") == bl::link_type::tcx);
}

TEST_CASE("an error is told by its condition, its code and its text") {
    bl::error const e{2, bl::operation::obj_get, "x"};
    CHECK(e == bl::errc::not_found);
    CHECK(e.code() == bl::errc::not_found);
    CHECK(e.code() == std::errc::no_such_file_or_directory);
    CHECK(std::is_error_condition_enum_v<bl::errc>);
    CHECK(printed(e) == e.message());
}

TEST_CASE("which program fits which hook is known at compile time") {
    static_assert(bl::bpf_program<service_program>);
    static_assert(bl::program_for<service_program, bl::hook::xdp>);
    static_assert(!bl::program_for<service_program, bl::hook::cgroup>);
    static_assert(bl::updatable<bl::hook::xdp> && !bl::updatable<bl::hook::raw_tracepoint>);
    static_assert(bl::hook_traits<bl::hook::xdp>::since == bl::kernel_version{5, 9});
    static_assert(bl::find_traits(bl::link_type::iter)->name == "iter");
}

TEST_CASE("operations compose, and fail as values") {
    auto const live = bl::attach(service_program{}, bl::hook::xdp{.ifindex = bl::ifindex{1u}}) |
                      bl::pin(nowhere) | bl::update(service_program{});
    CHECK(!live);
    auto const publish = bl::pin(nowhere) | bl::detach();
    static_assert(std::is_same_v<decltype(bl::xdp_link::load_pinned(nowhere) | publish),
                                 bl::result<bl::xdp_link>>);
    auto const loaded = bl::link::load_pinned(nowhere);
    REQUIRE(!loaded);
    CHECK(loaded.error() == bl::errc::not_found);
    CHECK(loaded.error().where() == bl::operation::obj_get);
}

TEST_CASE("co_await yields the value or returns the error") {
    CHECK(twice(21) == 42);
    bl::error const e{2, bl::operation::open};
    CHECK(twice(tl::unexpected(e)).error() == e);
    CHECK(fail(e).error() == e);
}

TEST_CASE("the ranges are views of std and of range-v3") {
    static_assert(std::ranges::view<bl::links_view> && std::ranges::input_range<bl::infos_view>);
    static_assert(ranges::view_<bl::links_view> && ranges::input_range<bl::infos_view>);

    auto const failed = [](auto const& r) { return !r; };
    CHECK(std::ranges::distance(bl::pins(nowhere) | std::views::filter(failed)) == 1);
    CHECK((bl::pins(nowhere) | ranges::views::filter(failed) | ranges::views::take(1) |
           ranges::to<std::vector>())
              .size() == 1);
    CHECK((bl::pins(nowhere) | bl::collect).error() == bl::errc::not_found);
    static_assert(std::ranges::view<decltype(bl::links() | bl::views::of_type(bl::link_type::xdp) |
                                             std::views::filter(bl::has_value) |
                                             std::views::transform(bl::value))>);
    static_assert(
        std::ranges::view<decltype(bl::infos() | bl::views::of_program(bl::program_id{0u}))>);
}

TEST_CASE("an empty descriptor is no link") {
    bl::unique_fd none;
    CHECK(!bl::link::from_fd(std::move(none)));
    CHECK(!bl::map_ref::from(nullptr));
    CHECK(!bl::program_ref<bl::program_type::xdp>::from(nullptr));
}
