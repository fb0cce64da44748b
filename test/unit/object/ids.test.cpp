// SPDX-License-Identifier: Apache-2.0
#include <bpflink/ids.hpp>

#include <concepts>
#include <cstdint>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <unordered_set>

#include <doctest/doctest.h>

namespace bl = bpflink;

namespace {

template <class Id, class Rep>
constexpr bool is_strong =
    std::is_same_v<typename Id::rep, Rep> && sizeof(Id) == sizeof(Rep) &&
    std::is_trivially_copyable_v<Id> && std::is_nothrow_default_constructible_v<Id> &&
    std::constructible_from<Id, int> && std::constructible_from<Id, Rep> &&
    !std::is_convertible_v<Rep, Id> && !std::is_convertible_v<Id, Rep> &&
    !std::constructible_from<Id, bool> && !std::constructible_from<bool, Id> &&
    std::totally_ordered<Id>;
static_assert(is_strong<bl::link_id, std::uint32_t>);
static_assert(is_strong<bl::program_id, std::uint32_t>);
static_assert(is_strong<bl::map_id, std::uint32_t>);
static_assert(is_strong<bl::btf_id, std::uint32_t>);
static_assert(is_strong<bl::ifindex, std::uint32_t>);
static_assert(is_strong<bl::cookie, std::uint64_t>);
static_assert(is_strong<bl::revision, std::uint64_t>);

template <class A, class B>
concept comparable = requires(A a, B b) { a == b; };
static_assert(!std::constructible_from<bl::link_id, bl::program_id>);
static_assert(!std::is_assignable_v<bl::link_id&, bl::program_id>);
static_assert(!comparable<bl::link_id, bl::program_id>);
static_assert(!comparable<bl::link_id, std::uint32_t>);
// (1 << 32) + 1 must not become interface 1.
static_assert(!std::constructible_from<bl::ifindex, std::int64_t>);
static_assert(!std::constructible_from<bl::link_id, std::uint64_t>);

static_assert(bl::link_id{}.value() == 0);
static_assert(bl::link_id{7}.value() == 7);
static_assert(static_cast<std::uint64_t>(bl::link_id{7}) == 7);
static_assert(static_cast<int>(bl::ifindex{7}) == 7);
static_assert(bl::link_id{1} < bl::link_id{2});
static_assert(bl::link_id{2} == bl::link_id{2});
static_assert(bl::cookie{0xffff'ffff'ffff'ffffULL}.value() == 0xffff'ffff'ffff'ffffULL);

} // namespace

TEST_CASE("an id prints as its number") {
    std::ostringstream out;
    out << bl::link_id{42} << ' ' << bl::cookie{~std::uint64_t{}};
    CHECK(out.str() == "42 18446744073709551615");
}

TEST_CASE("ids are keys of ordered and of unordered containers") {
    std::unordered_set<bl::link_id> unordered{bl::link_id{1}, bl::link_id{2}, bl::link_id{1}};
    CHECK(unordered.size() == 2);
    CHECK(unordered.contains(bl::link_id{2}));
    CHECK_FALSE(unordered.contains(bl::link_id{3}));
    std::set<bl::cookie> const ordered{bl::cookie{3}, bl::cookie{1}};
    CHECK(ordered.begin()->value() == 1);
}
