// SPDX-License-Identifier: Apache-2.0
#include "driver.hpp"

#include <cerrno>
#include <string>
#include <vector>

TEST_SUITE_BEGIN("stand-in");

namespace {

bl::link attached(driver const& d) {
    xdp_program const program{d.load(1)};
    auto made = bl::attach(program, bl::hook::xdp{.ifindex = bl::ifindex{7}});
    REQUIRE(succeeded(made));
    return *std::move(made);
}

std::vector<std::string> paths(bl::pins_view pins) {
    std::vector<std::string> all;
    for (auto&& pin : pins) {
        REQUIRE(succeeded(pin));
        all.push_back(pin->path);
    }
    return all;
}

} // namespace

TEST_CASE("a pin keeps the link, and the path is the driver's") {
    driver const d;
    auto link = attached(d);
    auto const id = link.info()->id;
    CHECK(succeeded(link.pin("/service/eth")));
    CHECK(link.pinned_path() == "BPF:\\service\\eth");
    CHECK(succeeded(link.close()));
    auto again = bl::link::load_pinned("service/eth");
    REQUIRE(succeeded(again));
    CHECK(again->info()->id == id);
    CHECK(again->is_pinned());
    CHECK(succeeded(again->unpin()));
    CHECK_FALSE(again->is_pinned());
    check_refused(bl::link::load_pinned("/service/eth"), ENOENT, bl::errc::not_found,
                  "nothing is pinned there");
    CHECK(succeeded(again->close()));
    check_refused(bl::link::from_id(id), ENOENT, bl::errc::not_found, "nothing has this id");
}

TEST_CASE("a taken path is refused, and the pin there stays") {
    driver const d;
    auto first = attached(d), second = attached(d);
    REQUIRE(succeeded(first.pin("/one")));
    check_refused(second.pin("/one"), EEXIST, bl::errc::already_exists, "something is pinned");
    CHECK_FALSE(second.is_pinned());
    CHECK(bl::link::load_pinned("/one")->info()->id == first.info()->id);
    CHECK(succeeded(first.unpin()));
}

TEST_CASE("to pin elsewhere moves") {
    driver const d;
    auto link = attached(d);
    REQUIRE(succeeded(link.pin("/one")));
    CHECK(succeeded(link.pin("/two")));
    CHECK(link.pinned_path() == "BPF:\\two");
    CHECK(paths(bl::pins()) == std::vector<std::string>{"BPF:\\two"});
    CHECK(succeeded(link.pin("BPF:/two"))); // the same
    CHECK(succeeded(link.unpin()));
    CHECK(paths(bl::pins()).empty());
}

TEST_CASE("another link's pin at the path is left alone") {
    driver const d;
    auto first = attached(d), second = attached(d);
    REQUIRE(succeeded(first.pin("/one")));
    auto impostor = bl::link::load_pinned("/one");
    REQUIRE(succeeded(impostor));
    REQUIRE(succeeded(first.unpin()));
    REQUIRE(succeeded(second.pin("/one")));
    check_refused(impostor->unpin(), EEXIST, bl::errc::already_exists, "left alone");
    CHECK(bl::link::load_pinned("/one")->info()->id == second.info()->id);
    CHECK(succeeded(second.unpin()));
}

TEST_CASE("to replace a pin is not supported, and changes nothing") {
    driver const d;
    auto first = attached(d), second = attached(d);
    REQUIRE(succeeded(first.pin("/one")));
    check_refused(second.replace_pin("/one"), EOPNOTSUPP, bl::errc::not_supported,
                  "unpin the old link, then pin this one");
    CHECK(bl::link::load_pinned("/one")->info()->id == first.info()->id);
    CHECK(succeeded(first.unpin()));
}

TEST_CASE("a path that the driver does not take is told before it is asked") {
    driver const d;
    auto link = attached(d);
    check_refused(link.pin(""), EINVAL, bl::errc::invalid_argument, "empty");
    check_refused(link.pin("/a:b"), EINVAL, bl::errc::invalid_argument, "colon");
    check_refused(link.pin(std::string_view{"/a\0b", 4}), EINVAL, bl::errc::invalid_argument,
                  "zero byte");
    check_refused(link.pin("/" + std::string(255, 'x')), ENAMETOOLONG, bl::errc::invalid_argument,
                  "255 bytes");
    CHECK(succeeded(link.pin("/" + std::string(250, 'x')))); // BPF:\ before it
    CHECK(succeeded(link.unpin()));
}

TEST_CASE("pins are those of links, below a root or all") {
    driver const d;
    auto first = attached(d), second = attached(d);
    REQUIRE(succeeded(first.pin("/a/one")));
    REQUIRE(succeeded(second.pin("/ab")));
    CHECK(paths(bl::pins()) == std::vector<std::string>{"BPF:\\a\\one", "BPF:\\ab"});
    CHECK(paths(bl::pins("/a")) == std::vector<std::string>{"BPF:\\a\\one"});
    CHECK(paths(bl::pins("/nowhere")).empty());
    for (auto&& pin : bl::pins("/a")) {
        CHECK(pin->id == first.info()->id);
        CHECK(pin->type == bl::link_type::xdp);
        CHECK_FALSE(pin->temporary);
    }
    check_refused(only_of(bl::pins("")), EINVAL, bl::errc::invalid_argument, "empty");
    CHECK(succeeded(first.unpin()));
    CHECK(succeeded(second.unpin()));
}

TEST_CASE("a chain takes back what it made") {
    driver const d;
    xdp_program const program{d.load(1)}, next{d.load(1)};
    bl::result<bl::xdp_link> const live =
        bl::attach(program, bl::hook::xdp{.ifindex = bl::ifindex{7}}) | bl::pin("/eth") |
        bl::update(next);
    check_refused(live, EOPNOTSUPP, bl::errc::not_supported, "updates no link");
    CHECK(paths(bl::pins()).empty());
    CHECK(length_of(bl::links()) == 0);
}

TEST_SUITE_END();
