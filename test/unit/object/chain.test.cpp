// SPDX-License-Identifier: Apache-2.0
// What a failing chain leaves behind: nothing that it made, and all that was there before.
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/link.hpp>
#include <bpflink/operations.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace {

using xdp_program = typed_program<bl::program_type::xdp>;

struct chained : machine {
    fake::program& v1 = add_program(bl::program_type::xdp);
    fake::program& v2 = add_program(bl::program_type::xdp);
    xdp_program first{{open(v1)}};
    xdp_program second{{open(v2)}};
    xdp_program none{}; // without a descriptor: an update to it fails
    bl::hook::xdp where{.ifindex = bl::ifindex{2}};
    std::size_t held = open_descriptors().size();

    using outcome_type = bl::result<bl::xdp_link>;

    /// The error of a chain that began with an attach.
    bl::error undone(outcome_type const& outcome) {
        REQUIRE_FALSE(outcome);
        CHECK(newest_link() == nullptr);
        CHECK(names_in("/bpf").empty());
        CHECK(names_in("/other").empty());
        CHECK(open_descriptors().size() == held);
        CHECK(outcome.error().message().find("undoing") == std::string::npos);
        return outcome.error();
    }
};

/// A link that is pinned and runs v1 before any chain touches it.
struct published : chained {
    fake::link& there = add_link({.type = bl::link_type::xdp, .prog = &v1, .target = 3});

    published() {
        pin("/bpf/x", there);
        let_go(there);
    }

    static outcome_type opened() { return bl::xdp_link::load_pinned("/bpf/x"); }

    /// The error of a chain that began with opening the pin.
    bl::error untouched(outcome_type const& outcome) {
        REQUIRE_FALSE(outcome);
        REQUIRE(link_at("/bpf/x") == there.id());
        CHECK(names_in("/bpf") == std::vector<std::string>{"x"});
        CHECK(names_in("/other").empty());
        CHECK_FALSE(there.defunct);
        CHECK(open_descriptors().size() == held);
        CHECK(outcome.error().message().find("undoing") == std::string::npos);
        return outcome.error();
    }
};

} // namespace

// A link that the chain attached

TEST_CASE_FIXTURE(chained, "a first step that fails takes the attached link away") {
    pin("/other/taken", add_map());
    auto const outcome = bl::attach(first, where) | bl::pin("/other/taken");
    remove("/other/taken");
    check_error(undone(outcome), EEXIST, bl::operation::obj_pin, bl::errc::already_exists,
                {"/other/taken"});
    check_error(undone(bl::attach(first, where) | bl::update(none)), EBADF,
                bl::operation::link_update, bl::errc::invalid_argument);
    check_error(undone(bl::attach(first, where) | bl::replace_pin("/home/x")), EPERM,
                bl::operation::obj_pin, bl::errc::invalid_argument);
    fail(call::link_detach, EPERM);
    check_error(undone(bl::attach(first, where) | bl::detach()), EPERM, bl::operation::link_detach,
                bl::errc::permission_denied);
}

TEST_CASE_FIXTURE(chained, "an attach that fails runs no step") {
    auto const outcome = bl::attach(none, where) | bl::pin("/bpf/x") | bl::update(second);
    check_error(undone(outcome), EBADF, bl::operation::link_create, bl::errc::invalid_argument);
    CHECK(calls(call::obj_pin) == 0);
    CHECK(calls(call::link_update) == 0);
}

TEST_CASE_FIXTURE(chained, "a pin that the chain made goes with the link") {
    check_error(undone(bl::attach(first, where) | bl::pin("/bpf/x") | bl::update(none)), EBADF,
                bl::operation::link_update, bl::errc::invalid_argument);
    check_error(undone(bl::attach(first, where) | bl::pin("/bpf/x") |
                       bl::update(second, bl::expecting(second))),
                EPERM, bl::operation::link_update, bl::errc::program_mismatch);
    undone(bl::attach(first, where) | bl::replace_pin("/bpf/x") | bl::update(none));
    undone(bl::attach(first, where) | bl::pin("/bpf/x") | bl::pin("/bpf/y") | bl::update(none));
    undone(bl::attach(first, where) | bl::pin("/bpf/x") | bl::pin("/other/y") | bl::update(none));
    undone(bl::attach(first, where) | bl::pin("/bpf/x") | bl::replace_pin("/bpf/y") |
           bl::update(none));
    undone(bl::attach(first, where) | bl::pin("/bpf/x") | bl::unpin() | bl::update(none));
    undone(bl::attach(first, where) | bl::pin("/bpf/x") | bl::update(second) | bl::detach() |
           bl::pin("/home/x"));
}

TEST_CASE_FIXTURE(chained, "a composition undoes across its parts") {
    auto const publish = bl::pin("/bpf/x") | bl::update(second);
    undone(bl::attach(first, where) | publish | bl::update(none));
    undone(bl::attach(first, where) | (bl::pin("/bpf/x") | bl::update(none)));
    undone(bl::attach(first, where) | (publish | bl::pin("/home/x")));
    undone(bl::attach(first, where).and_then(bl::pin("/bpf/x")).and_then(bl::update(none)));
}

TEST_CASE_FIXTURE(chained, "the handle remembers across chains") {
    auto live = bl::attach(first, where) | bl::pin("/bpf/x");
    REQUIRE(succeeded(live));
    undone(std::move(live) | bl::update(none));
}

TEST_CASE_FIXTURE(chained, "a member function that fails undoes nothing") {
    auto live = bl::attach(first, where) | bl::pin("/bpf/x");
    REQUIRE(succeeded(live));
    CHECK_FALSE(live->update(none).has_value());
    CHECK(newest_link() != nullptr);
    CHECK(live->pinned_path() == "/bpf/x");
    CHECK(has_path("/bpf/x"));
}

TEST_CASE_FIXTURE(chained, "what somebody pinned in the meantime is not undone") {
    auto& map = add_map();
    before(call::link_update, [&] {
        remove("/bpf/x");
        pin("/bpf/x", map);
    });
    auto const outcome = bl::attach(first, where) | bl::pin("/bpf/x") | bl::update(none);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().where() == bl::operation::link_update);
    CHECK(has_path("/bpf/x")); // the map's
    CHECK(newest_link() == nullptr);
    remove("/bpf/x");
}

TEST_CASE_FIXTURE(chained, "undoing that fails is told, and the first error stays the error") {
    fail(call::unlink, EACCES);
    check_error(bl::attach(first, where) | bl::pin("/bpf/x") | bl::update(none), EBADF,
                bl::operation::link_update, bl::errc::invalid_argument,
                {"undoing failed too: unlink /bpf/x", "EACCES"});
    CHECK(newest_link() != nullptr); // its pin holds it, as the message says
    CHECK(open_descriptors().size() == held);
    remove("/bpf/x");
}

// A link that was there before

TEST_CASE_FIXTURE(published, "a chain that only opened a link leaves pin and program alone") {
    forget_calls();
    check_error(untouched(opened() | bl::update(none)), EBADF, bl::operation::link_update,
                bl::errc::invalid_argument);
    check_error(untouched(opened() | bl::update(second, bl::expecting(second))), EPERM,
                bl::operation::link_update, bl::errc::program_mismatch);
    check_error(untouched(opened() | bl::pin("/home/x")), EPERM, bl::operation::obj_pin,
                bl::errc::invalid_argument);
    check_error(untouched(opened() | bl::pin("/bpf/no/dir")), ENOENT, bl::operation::rename,
                bl::errc::not_found);
    fail(call::link_detach, EPERM);
    check_error(untouched(opened() | bl::detach()), EPERM, bl::operation::link_detach,
                bl::errc::permission_denied);
    CHECK(there.prog.get() == &v1);
    CHECK(calls(call::unlink) == 0);
}

TEST_CASE_FIXTURE(published, "a moved pin is moved back") {
    untouched(opened() | bl::pin("/bpf/y") | bl::update(none));
    untouched(opened() | bl::pin("/other/y") | bl::update(none));
    untouched(opened() | bl::pin("/bpf/y") | bl::pin("/other/y") | bl::update(none));
    untouched(opened() | bl::pin("/bpf/y") | bl::pin("/bpf/x") | bl::update(none));
    untouched(opened() | bl::replace_pin("/bpf/y") | bl::update(none));
    untouched(opened() | bl::replace_pin("/other/y") | bl::update(none));
    CHECK(there.prog.get() == &v1);
}

TEST_CASE_FIXTURE(published, "an unpinned pin is pinned again") {
    untouched(opened() | bl::unpin() | bl::update(none));
    untouched(opened() | bl::unpin() | bl::pin("/other/y") | bl::update(none));
    untouched(opened() | bl::pin("/bpf/y") | bl::unpin() | bl::update(none));
    CHECK(there.prog.get() == &v1);
}

TEST_CASE_FIXTURE(published, "undoing gives a pin its mode and owner back") {
    permissions const readers{0640, 0, 4'242}; // E8
    permit("/bpf/x", readers);
    auto const kept = [&](outcome_type const& outcome) {
        untouched(outcome);
        CHECK((permissions_of("/bpf/x") == readers));
    };
    kept(opened() | bl::unpin() | bl::update(none));
    kept(opened() | bl::pin("/other/y") | bl::update(none));
    kept(opened() | bl::pin("/other/y") | bl::unpin() | bl::update(none));
    auto& stranger = add_link({.type = bl::link_type::xdp, .prog = &v2, .target = 4});
    pin("/bpf/y", stranger); // whose permissions our pin takes over on its way
    kept(opened() | bl::replace_pin("/bpf/y") | bl::update(none));
    pin("/bpf/y", stranger);
    kept(opened() | bl::replace_pin("/bpf/y") | bl::pin("/bpf/x") | bl::update(none));
}

TEST_CASE_FIXTURE(published, "an update that succeeded before the failure stays") {
    untouched(opened() | bl::update(second) | bl::pin("/home/x"));
    CHECK(there.prog.get() == &v2);
}

TEST_CASE_FIXTURE(published, "a link opened by its id loses only the pin that the chain made") {
    auto const outcome =
        bl::xdp_link::from_id(bl::link_id{there.id()}) | bl::pin("/bpf/y") | bl::update(none);
    check_error(untouched(outcome), EBADF, bl::operation::link_update, bl::errc::invalid_argument);
}

TEST_CASE_FIXTURE(published, "a pin that cannot be brought back is told") {
    SUBCASE("its place was taken") {
        auto& map = add_map();
        before(call::link_update, [&] { pin("/bpf/x", map); }, 3); // the third is no probe

        check_error(opened() | bl::pin("/bpf/y") | bl::update(none), EBADF,
                    bl::operation::link_update, bl::errc::invalid_argument,
                    {"undoing failed too", "/bpf/x", "EEXIST"});
    }
    SUBCASE("it cannot be renamed") {
        fail(call::rename_no_replace, EACCES, 2);
        check_error(opened() | bl::pin("/bpf/y") | bl::update(none), EBADF,
                    bl::operation::link_update, bl::errc::invalid_argument,
                    {"undoing failed too", "EACCES"});
    }
    CHECK(link_at("/bpf/y") == there.id()); // alive, where the chain had moved it
    CHECK(open_descriptors().size() == held);
}

// One failure anywhere

namespace {

/// Runs `chain` again and again, and lets one system call after the other fail, until it succeeds.
/// (Not with ENOENT: that would be the lie that something is not there.)
template <class World, class Chain, class Check>
void fail_each_call_in_turn(Chain chain, Check check) {
    for (int const number : {EPERM, EACCES, EIO, EINVAL, EAGAIN, EMFILE, EEXIST})
        for (int nth = 1;; ++nth) {
            REQUIRE(nth < 200);
            World world;
            CAPTURE(number);
            CAPTURE(nth);
            world.fail_any(number, nth);
            {
                auto const outcome = chain(world);
                bool const failed = world.has_failed();
                world.mend();
                check(world, outcome);
                if (!failed) break;
            }
        }
}

} // namespace

TEST_CASE("whatever call fails, an attached link is there whole or not at all") {
    fail_each_call_in_turn<chained>(
        [](chained& world) {
            return bl::attach(world.first, world.where) | bl::pin("/bpf/x") |
                   bl::update(world.second) | bl::pin("/bpf/y") | bl::pin("/other/z") |
                   bl::replace_pin("/bpf/w") | bl::unpin() | bl::replace_pin("/bpf/v");
        },
        [](chained& world, bl::result<bl::xdp_link> const& outcome) {
            if (!outcome) {
                world.undone(outcome);
                return;
            }
            CHECK(world.names_in("/bpf") == std::vector<std::string>{"v"});
            CHECK(world.names_in("/other").empty());
            CHECK(outcome->pinned_path() == "/bpf/v");
            CHECK(world.newest_link()->prog.get() == &world.v2);
        });
}

TEST_CASE("whatever call fails, a link that was there is where it was") {
    fail_each_call_in_turn<published>(
        [](published& world) {
            return published::opened() | bl::pin("/bpf/y") | bl::pin("/other/z") | bl::unpin() |
                   bl::pin("/bpf/w") | bl::replace_pin("/bpf/v") |
                   bl::update(world.second, bl::expecting(world.first));
        },
        [](published& world, bl::result<bl::xdp_link> const& outcome) {
            if (!outcome) {
                world.untouched(outcome);
                CHECK(world.there.prog.get() == &world.v1);
                return;
            }
            CHECK(world.names_in("/bpf") == std::vector<std::string>{"v"});
            CHECK(world.names_in("/other").empty());
            CHECK(outcome->pinned_path() == "/bpf/v");
            CHECK(world.there.prog.get() == &world.v2);
        });
}

TEST_CASE("whatever call fails while undoing, the undoing is whole or told") {
    fail_each_call_in_turn<chained>(
        [](chained& world) {
            return bl::attach(world.first, world.where) | bl::pin("/bpf/x") |
                   bl::update(world.none);
        },
        [](chained& world, bl::result<bl::xdp_link> const& outcome) {
            REQUIRE_FALSE(outcome);
            CHECK(world.open_descriptors().size() == world.held);
            bool const told =
                outcome.error().message().find("undoing failed too") != std::string::npos;
            bool const whole = world.names_in("/bpf").empty() && world.newest_link() == nullptr;
            CHECK(told != whole);
        });
}

// Exceptions: of want of memory, or of what is the user's own

namespace {

struct thrown {};

/// A step that throws.
auto throwing() {
    return bl::detail::step{[](auto&) -> bl::result<void> { throw thrown{}; }};
}

} // namespace

// E6
TEST_CASE_FIXTURE(chained, "a step that throws undoes the chain as one that fails") {
    CHECK_THROWS_AS(static_cast<void>(bl::attach(first, where) | bl::pin("/bpf/x") | throwing()),
                    thrown);
    CHECK(newest_link() == nullptr);
    CHECK(names_in("/bpf").empty());
    CHECK(open_descriptors().size() == held);
}

// E6
TEST_CASE_FIXTURE(published, "a step that throws gives a pin back that the chain took") {
    CHECK_THROWS_AS(static_cast<void>(opened() | bl::unpin() | throwing()), thrown);
    CHECK(link_at("/bpf/x") == there.id());
    CHECK_THROWS_AS(static_cast<void>(opened() | bl::pin("/other/y") | throwing()), thrown);
    CHECK(link_at("/bpf/x") == there.id());
    CHECK(names_in("/other").empty());
    CHECK(open_descriptors().size() == held);
}

// E6
TEST_CASE_FIXTURE(chained, "a sink that throws keeps no link, and no pin of the chain's") {
    auto const refuse = [](bl::unique_fd) { throw thrown{}; };
    CHECK_THROWS_AS(static_cast<void>(bl::attach(first, where) | bl::keep(refuse)), thrown);
    CHECK(newest_link() == nullptr);
    CHECK_THROWS_AS(
        static_cast<void>(bl::attach(first, where) | bl::pin("/bpf/x") | bl::keep(refuse)), thrown);
    CHECK(newest_link() == nullptr);
    CHECK(names_in("/bpf").empty());
    CHECK(open_descriptors().size() == held);
}

// E6
TEST_CASE_FIXTURE(published, "a sink that throws leaves a link that was there where it was") {
    auto const refuse = [](bl::unique_fd) { throw thrown{}; };
    CHECK_THROWS_AS(static_cast<void>(opened() | bl::keep(refuse)), thrown);
    CHECK_THROWS_AS(static_cast<void>(opened() | bl::unpin() | bl::keep(refuse)), thrown);
    CHECK_THROWS_AS(static_cast<void>(opened() | bl::pin("/bpf/y") | bl::keep(refuse)), thrown);
    CHECK(link_at("/bpf/x") == there.id());
    CHECK(names_in("/bpf") == std::vector<std::string>{"x"});
    CHECK(open_descriptors().size() == held);
}

// E6
TEST_CASE_FIXTURE(chained, "without a descriptor to undo the pin by, nothing is handed on") {
    bl::unique_fd kept;
    fail(call::duplicate, EMFILE);
    check_error(bl::attach(first, where) | bl::pin("/bpf/x") | bl::keep(kept), EMFILE,
                bl::operation::duplicate, no_condition);
    CHECK_FALSE(kept);
    CHECK(newest_link() == nullptr);
    CHECK(names_in("/bpf").empty());
}
