// SPDX-License-Identifier: Apache-2.0
#include "driver.hpp"

#include <cerrno>
#include <climits>
#include <cstdint>
#include <string>
#include <vector>

// The ends of what the DLL gives: numbers, names, and the DLL itself.
TEST_SUITE_BEGIN("stand-in");

namespace {

bl::result<bl::xdp_link> attached(driver const& d, std::uint32_t index = 7) {
    xdp_program const program{d.load(1)};
    return bl::attach(program, bl::hook::xdp{.ifindex = bl::ifindex{index}});
}

} // namespace

TEST_CASE("a number that is not a descriptor's is said not to be open, whatever it is") {
    driver const d;
    for (int const number : {-1, 0, 1, INT_MAX, INT_MIN}) {
        CAPTURE(number);
        check_refused(bl::link::duplicate(bl::fd_view{number}), EBADF, bl::errc::invalid_argument,
                      "not open");
        any_other_program const program{};
        bl::hook::raw const where{.target = bl::ifindex{7}, .attach = bl::attach_type::xdp};
        check_refused(bl::attach(program, where), EBADF, bl::errc::invalid_argument, "not open");
    }
    CHECK(d.open_descriptors() == 0);
}

TEST_CASE("0 is a descriptor as any other, as in a service without standard streams") {
    driver const d;
    d.begin_at(0, 0);
    xdp_program const program{d.load(1)};
    REQUIRE(program.fd().get() == 0);
    auto link = bl::attach(program, bl::hook::xdp{.ifindex = bl::ifindex{7}});
    REQUIRE(succeeded(link));
    CHECK(succeeded(link->info()));
    auto other = bl::link::duplicate(link->fd());
    REQUIRE(succeeded(other));
    CHECK(succeeded(other->close()));
    CHECK(succeeded(link->close()));
    CHECK(d.open_descriptors() == 1); // the program's
}

TEST_CASE("a link with the descriptor 0 pins, moves and closes") {
    driver const d;
    d.begin_at(0, 0);
    auto made = attached(d);
    REQUIRE(succeeded(made));
    bl::unique_fd owned = std::move(*made).release();
    d.begin_at(10, 0);
    bl::result<bl::link> lowest = bl::link::duplicate(owned);
    REQUIRE(succeeded(lowest));
    REQUIRE(lowest->fd().get() == 0);
    CHECK(succeeded(lowest->pin("/zero")));
    CHECK(succeeded(lowest->pin("/elsewhere")));
    CHECK(succeeded(lowest->unpin()));
    bl::link moved = *std::move(lowest);
    CHECK(moved.fd().get() == 0);
    CHECK(succeeded(moved.close()));
    CHECK(d.open_descriptors() == 1);
}

TEST_CASE("ids go up to the last one, and a walk ends behind it") {
    driver const d;
    constexpr std::uint32_t last = UINT32_MAX;
    d.begin_at(last - 4, 3);
    auto first = attached(d), second = attached(d); // a program has an id as well
    REQUIRE(succeeded(first));
    REQUIRE(succeeded(second));
    std::vector<std::uint32_t> ids;
    for (auto&& id : bl::link_ids()) {
        REQUIRE(succeeded(id));
        ids.push_back(id->value());
    }
    CHECK(ids == std::vector{last - 2, last});
    CHECK(succeeded(bl::link::from_id(bl::link_id{last})));
    CHECK(length_of(bl::link_ids(bl::link_id{last})) == 0);
    CHECK(length_of(bl::links(bl::link_id{last - 2})) == 1);
    CHECK(bl::snapshot()->size() == 2);
    check_refused(bl::link::from_id(bl::link_id{last - 1}), ENOENT, bl::errc::not_found,
                  "link 4294967294");
    check_refused(bl::link::from_id(bl::link_id{}), ENOENT, bl::errc::not_found, "link 0");
}

TEST_CASE("a pin's name is UTF-8, and is told as it is") {
    driver const d;
    auto link = attached(d);
    REQUIRE(succeeded(link));
    std::string const name =
        "/\xd1\x81\xd0\xb5\xd1\x82\xd1\x8c/\xe7\xb6\xb2\xe5\x8d\xa1 \xf0\x9f\x90\x9d";
    REQUIRE(succeeded(link->pin(name)));
    std::string const real =
        "BPF:\\\xd1\x81\xd0\xb5\xd1\x82\xd1\x8c\\\xe7\xb6\xb2\xe5\x8d\xa1 \xf0\x9f\x90\x9d";
    CHECK(link->pinned_path() == real);
    CHECK(only_of(bl::pins())->path == real);
    CHECK(succeeded(bl::link::load_pinned(name)));
    CHECK(succeeded(link->unpin()));
    auto const gone = bl::link::load_pinned(name);
    check_refused(gone, ENOENT, bl::errc::not_found, "\xe7\xb6\xb2\xe5\x8d\xa1");
    check_refused(gone, ENOENT, bl::errc::not_found, "(ENOENT)");
    // What is no UTF-8, and what a terminal would obey, is escaped in the message alone.
    check_refused(bl::link::load_pinned("/\xff\x1b[2J"), ENOENT, bl::errc::not_found,
                  "\\xff\\x1b[2J");
}

TEST_CASE("a path of 255 bytes with the driver's prefix is taken, and not one of more") {
    driver const d;
    auto link = attached(d);
    REQUIRE(succeeded(link));
    std::string const wide(125, '\xc3'); // two bytes a character, with the next
    std::string longest = "/";
    for (char const each : wide)
        (longest += each) += '\xa9';
    CHECK(succeeded(link->pin(longest))); // BPF:\ and 250
    CHECK(link->pinned_path()->size() == 255);
    CHECK(only_of(bl::pins())->path.size() == 255);
    check_refused(link->pin(longest + "x"), ENAMETOOLONG, bl::errc::invalid_argument, "255 bytes");
    CHECK(link->pinned_path()->size() == 255);
    CHECK(succeeded(link->unpin()));
    check_refused(bl::link::load_pinned(std::string(70'000, 'x')), ENAMETOOLONG,
                  bl::errc::invalid_argument, "255 bytes");
}

TEST_SUITE_END();

// This runs where a file by the DLL's name is not a DLL.
TEST_SUITE_BEGIN("broken");

TEST_CASE("of a DLL that Windows cannot load, its number is told") {
    auto const refused = bl::link::from_id(bl::link_id{1});
    check_refused(refused, ENOSYS, bl::errc::not_supported,
                  "ebpfapi.dll cannot be loaded: Windows error 193"); // ERROR_BAD_EXE_FORMAT
    check_refused(refused, ENOSYS, bl::errc::not_supported, "install eBPF for Windows");
    // A failure is remembered, and says the same.
    CHECK(bl::link::from_id(bl::link_id{1}).error() == refused.error());
}

TEST_SUITE_END();
