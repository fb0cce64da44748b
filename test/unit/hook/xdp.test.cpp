// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/program_ref.hpp>
#include <bpflink/query.hpp>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

struct with_program : machine {
    fake::program& prog = add_program(bl::program_type::xdp);
    typed_program<bl::program_type::xdp> held{{open(prog)}};

    void check_refused(int number, bl::hook::xdp const& where, bl::errc condition,
                       std::initializer_list<std::string_view> texts) {
        check_error(bl::attach(held, where), number, bl::operation::link_create, condition, texts);
    }
};

} // namespace

TEST_CASE_FIXTURE(with_program, "XDP attaches to an interface in one system call") {
    {
        auto const link = bl::attach(held, bl::hook::xdp{.ifindex = bl::ifindex{2}});
        REQUIRE(succeeded(link));
        static_assert(std::is_same_v<decltype(link), bl::result<bl::xdp_link> const>);
        CHECK(system_calls() == 1);
        CHECK(last_create.prog_fd == static_cast<std::uint32_t>(held.fd().get()));
        CHECK(last_create.target == 2);
        CHECK(last_create.attach_type == 37);
        CHECK(last_create.flags == 0);
        CHECK_FALSE(link->is_pinned());
        auto const details = link->details();
        REQUIRE(succeeded(details));
        CHECK(details->ifindex == bl::ifindex{2});
        CHECK(newest_link() != nullptr);
    }
    CHECK(newest_link() == nullptr); // detached with its handle
}

TEST_CASE_FIXTURE(with_program, "the mode goes to the kernel as a flag") {
    for (auto const& [mode, flags] :
         std::vector<std::pair<bl::xdp_mode, unsigned>>{{bl::xdp_mode::automatic, 0},
                                                        {bl::xdp_mode::generic, 1U << 1},
                                                        {bl::xdp_mode::driver, 1U << 2},
                                                        {bl::xdp_mode::offload, 1U << 3}}) {
        auto const link = bl::attach(held, bl::hook::xdp{bl::ifindex{2}, mode});
        REQUIRE(succeeded(link));
        CHECK(last_create.flags == flags);
    }
}

TEST_CASE_FIXTURE(with_program, "an interface with a link is busy") {
    auto const first = bl::attach(held, bl::hook::xdp{bl::ifindex{2}});
    REQUIRE(succeeded(first));
    check_refused(EBUSY, bl::hook::xdp{bl::ifindex{2}}, bl::errc::hook_busy,
                  {"interface 2", "by a link", "program " + std::to_string(prog.id) + " (driver)",
                   "update that link"});
}

// F11
TEST_CASE_FIXTURE(with_program, "a program without a link is named, and how to remove it") {
    interface_facts[2].without_link.generic = 4'996;
    bl::hook::xdp const where{bl::ifindex{2}, bl::xdp_mode::generic};
    check_refused(EBUSY, where, bl::errc::hook_busy,
                  {"program 4996 (generic), which has no link, is there", "ip link set DEV"});
    SUBCASE("the same program among them") {
        interface_facts[2].without_link.generic = prog.id;
        check_refused(EBUSY, where, bl::errc::hook_busy, {"has no link"});
    }
    SUBCASE("where it cannot be told, both are said") {
        fail(call::xdp_replace_by_itself, EPERM);
        check_refused(EBUSY, where, bl::errc::hook_busy,
                      {"one of: program 4996 (generic), which has no link", "by a link: program"});
    }
    SUBCASE("where nothing can be told, all is said") {
        fail_always(call::xdp_query, EMFILE);
        fail_always(call::xdp_replace_by_itself, EMFILE);
        check_refused(EBUSY, where, bl::errc::hook_busy,
                      {"one of: a program, which has no link", "by a link: a program", "headers"});
    }
}

TEST_CASE_FIXTURE(with_program, "a device without a program is busy for its memory or its queues") {
    fail_always(call::link_create, EBUSY);
    check_refused(
        EBUSY, bl::hook::xdp{bl::ifindex{2}}, bl::errc::hook_busy,
        {"one of: ", "splits headers from data", "tcp-data-split", "; or XDP would take"});
    check_refused(EBUSY, bl::hook::xdp{bl::ifindex{2}, bl::xdp_mode::generic}, bl::errc::hook_busy,
                  {"; the device splits headers from data"});
}

TEST_CASE_FIXTURE(with_program, "a program in another mode is named") {
    interface_facts[2].without_link.generic = 7;
    fail(call::link_create, EEXIST);
    check_refused(EEXIST, bl::hook::xdp{bl::ifindex{2}}, bl::errc::already_exists,
                  {"program 7 (generic) runs on the interface in another mode"});
}

TEST_CASE_FIXTURE(with_program, "a program on the device itself is in nobody's way, nor has one") {
    using bl::xdp_mode;
    interface_facts[2].above = 3;
    interface_facts[3].without_link.generic = 9;
    fail_always(call::link_create, EEXIST);
    for (auto const mode : {xdp_mode::automatic, xdp_mode::generic, xdp_mode::driver}) {
        interface_facts[2].without_link = {.offload = 7, .driver = 0, .generic = 0};
        check_refused(EEXIST, bl::hook::xdp{bl::ifindex{2}, mode}, bl::errc::hook_busy,
                      {"eth1, above it"});
    }
    interface_facts[2].without_link = {.offload = 0, .driver = 7, .generic = 0};
    check_refused(EEXIST, bl::hook::xdp{bl::ifindex{2}, xdp_mode::offload}, bl::errc::hook_busy,
                  {"eth1, above it"});
}

// F12
TEST_CASE_FIXTURE(with_program, "a program on the device above is told from another mode") {
    interface_facts[2].above = 3;
    fail_always(call::link_create, EEXIST);
    SUBCASE("by name") {
        interface_facts[3].without_link.generic = 7;
        check_refused(EEXIST, bl::hook::xdp{bl::ifindex{2}}, bl::errc::hook_busy,
                      {"eth1, above it, has an XDP program"});
    }
    SUBCASE("without it, where it is in another network namespace") {
        check_refused(EEXIST, bl::hook::xdp{bl::ifindex{2}}, bl::errc::hook_busy,
                      {"a device, above it, has an XDP program"});
    }
    SUBCASE("where nothing can be told, both are said") {
        fail_always(call::xdp_query, EMFILE);
        check_refused(EEXIST, bl::hook::xdp{bl::ifindex{2}}, no_condition,
                      {"one of: a program runs on the interface in another mode", "above it"});
    }
}

// F13
TEST_CASE_FIXTURE(with_program, "a bond whose port has a program takes it in generic mode") {
    interface_facts[2].kind = "bond";
    interface_facts[3].above = 2;
    fail_always(call::link_create, EOPNOTSUPP);
    SUBCASE("which is named") {
        interface_facts[3].without_link.driver = 7;
        check_refused(EOPNOTSUPP, bl::hook::xdp{bl::ifindex{2}}, bl::errc::not_supported,
                      {"eth1, a port of the bond, has an XDP program", "xdp_mode::generic"});
    }
    SUBCASE("or its bonding mode is told as one cause") {
        check_refused(EOPNOTSUPP, bl::hook::xdp{bl::ifindex{2}}, bl::errc::not_supported,
                      {"one of:", "bonding mode", "xdp_mode::generic"});
    }
}

// E22
TEST_CASE_FIXTURE(with_program, "without a free descriptor nothing is blamed that was not seen") {
    bl::hook::xdp const where{bl::ifindex{99}};
    check_refused(EINVAL, where, bl::errc::not_found, {"interface 99", "no such interface"});
    fail_always(call::interface_name, EMFILE);
    check_refused(EINVAL, where, no_condition, {"one of: no such interface", "; or "});
    fail_always(call::link_create, EMFILE);
    check_refused(EMFILE, where, no_condition, {"no free descriptor"});
}

TEST_CASE_FIXTURE(with_program, "each mode has its own causes of one errno") {
    using bl::xdp_mode;
    auto const check = [&](int number, xdp_mode mode, std::string_view has, std::string_view not_) {
        CAPTURE(number);
        fail_always(call::link_create, number);
        auto const link = bl::attach(held, bl::hook::xdp{bl::ifindex{2}, mode});
        REQUIRE_FALSE(link);
        CAPTURE(link.error().message());
        CHECK(link.error().message().find(has) != std::string::npos);
        CHECK(link.error().message().find(not_) == std::string::npos);
    };
    check(EOPNOTSUPP, xdp_mode::automatic, "as the device is set up", "the driver has no XDP");
    check(EOPNOTSUPP, xdp_mode::driver, "the driver has no XDP", "offload XDP");
    check(EOPNOTSUPP, xdp_mode::offload, "does not offload XDP", "generic");
    check(EINVAL, xdp_mode::driver, "as the device is set up", "since 5.14");
    check(EINVAL, xdp_mode::offload, "does not offload XDP", "set up");
    check(ENOTCONN, xdp_mode::driver, "without its peer", "one of");
    check(ERANGE, xdp_mode::driver, "MTU", "one of"); // F8
    check(ENOSPC, xdp_mode::driver, "no transmit queue left", "receive queues");
    check(ENOSPC, xdp_mode::generic, "no link id left", "queue");
    interface_facts[2].kind = "veth";
    check(ENOSPC, xdp_mode::driver, "fewer receive queues", "one of");
    interface_facts[2].without_link = {.offload = 3, .driver = 4, .generic = 0};
    check(EINVAL, xdp_mode::automatic, "in several modes", "one of");
}

TEST_CASE_FIXTURE(with_program, "a failed attach quotes the kernel's own words") {
    says_to_xdp = "veth: Peer MTU is too large to set XDP";
    bl::hook::xdp const where{bl::ifindex{2}};
    SUBCASE("beside the cause") {
        fail_always(call::link_create, ERANGE);
        check_refused(
            ERANGE, where, bl::errc::not_supported,
            {"without frags", "; the kernel says \"veth: Peer MTU is too large to set XDP\""});
        CHECK(calls(call::link_create) == 2);
        CHECK(calls(call::load_object) == 1);
    }
    SUBCASE("though the kernel leaves the listening program out at times") {
        misses_words = 3;
        fail_always(call::link_create, ERANGE);
        check_refused(ERANGE, where, bl::errc::not_supported, {"; the kernel says \"veth: Peer"});
        CHECK(calls(call::link_create) == 5);
    }
    SUBCASE("but does not try for ever") {
        misses_words = 1'000;
        fail_always(call::link_create, ERANGE);
        check_refused(ERANGE, where, bl::errc::not_supported, {"without frags"});
        CHECK(calls(call::link_create) == 7);
    }
    SUBCASE("but not when it has none") {
        says_to_xdp = "";
        fail_always(call::link_create, ERANGE);
        auto const link = bl::attach(held, where);
        REQUIRE_FALSE(link);
        CHECK(link.error().message().find("says") == std::string::npos);
    }
    SUBCASE("and a second attach that succeeds is the link") {
        fail(call::link_create, ERANGE);
        CHECK(succeeded(bl::attach(held, where)));
    }
    SUBCASE("of the same errno alone") {
        fail(call::link_create, ERANGE);
        fail(call::link_create, EOPNOTSUPP, 2);
        auto const link = bl::attach(held, where);
        check_error(link, ERANGE, bl::operation::link_create, bl::errc::not_supported);
        CHECK(link.error().message().find("says") == std::string::npos);
    }
    SUBCASE("and never a second time where the library cannot listen") {
        fail_always(call::link_create, ERANGE);
        SUBCASE("the program does not load") {
            fail_always(call::load_object, EPERM);
        }
        SUBCASE("it does not run") {
            fail_always(call::prog_test_run, EPERM);
        }
        SUBCASE("the kernel does not have the tracepoint") {
            says_to_xdp.reset();
        }
        check_refused(ERANGE, where, bl::errc::not_supported, {"MTU"});
        CHECK(calls(call::link_create) == 1);
    }
    SUBCASE("nor for what the driver has no part in") {
        for (int const number : {EPERM, EACCES, EMFILE, ENFILE, ENOMEM, ENOSYS, E2BIG}) {
            CAPTURE(number);
            fail_always(call::link_create, number);
            REQUIRE_FALSE(bl::attach(held, where));
        }
        mend();
        REQUIRE_FALSE(bl::attach(held, bl::hook::xdp{bl::ifindex{99}}));
        interface_facts[2].without_link.driver = 7;
        REQUIRE_FALSE(bl::attach(held, where));
        CHECK(calls(call::load_object) == 0);
    }
}

TEST_CASE_FIXTURE(with_program,
                  "a program loaded for a map is told where libbpf does not know it") {
    auto& redirects = add_program(bl::program_type::xdp, bl::attach_type::xdp_devmap);
    typed_program<bl::program_type::xdp> const by_fd{{open(redirects)}};
    fail_always(call::link_create, EINVAL);
    auto const link = bl::attach(by_fd, bl::hook::xdp{bl::ifindex{2}});
    check_error(link, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"loaded for a devmap, a cpumap or a single device"});
}

TEST_CASE_FIXTURE(with_program, "a program loaded for another attach type is refused by name") {
    for (auto const expected : {bl::attach_type::xdp_devmap, bl::attach_type::xdp_cpumap}) {
        bpf_program const loaded{"redirect", bl::program_type::xdp, expected, held.fd().get()};
        auto const ref = bl::program_ref<bl::program_type::xdp>::from(&loaded);
        REQUIRE(succeeded(ref));
        auto const link = bl::attach(*ref, bl::hook::xdp{bl::ifindex{2}});
        check_error(link, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                    {"interface 2", to_string(expected), "xdp is needed"});
    }
    CHECK(system_calls() == 0);
    for (auto const expected : {bl::attach_type::xdp, bl::attach_type{}}) {
        bpf_program const loaded{"pass", bl::program_type::xdp, expected, held.fd().get()};
        auto const ref = bl::program_ref<bl::program_type::xdp>::from(&loaded);
        REQUIRE(succeeded(ref));
        CHECK(succeeded(bl::attach(*ref, bl::hook::xdp{bl::ifindex{2}})));
    }
}

TEST_CASE_FIXTURE(with_program, "a program without a descriptor is refused") {
    auto const link =
        bl::attach(typed_program<bl::program_type::xdp>{}, bl::hook::xdp{bl::ifindex{2}});
    check_error(link, EBADF, bl::operation::link_create, bl::errc::invalid_argument);
}

TEST_CASE_FIXTURE(with_program, "the next program is refused for what the device does not take") {
    auto link = bl::attach(held, bl::hook::xdp{bl::ifindex{2}});
    REQUIRE(succeeded(link));
    auto const check = [&](int number, bl::errc condition, std::string_view text) {
        fail(call::link_update, number);
        auto const updated = link->update(held);
        check_error(updated, number, bl::operation::link_update, condition, {text});
        CHECK(updated.error().message().find("one of") == std::string::npos);
    };
    check(ERANGE, bl::errc::not_supported, "without frags");
    check(EOPNOTSUPP, bl::errc::not_supported, "the driver refuses it as the device is set up");
    check(EBUSY, bl::errc::hook_busy, "tcp-data-split");
    check(ENOTCONN, bl::errc::not_supported, "without its peer");
    check(ENOLINK, bl::errc::defunct, "attach again");
}

TEST_CASE_FIXTURE(machine, "a query of XDP tells program and mode, with a link or without") {
    typed_program<bl::program_type::xdp> const held{{open(add_program(bl::program_type::xdp))}};
    bl::hook::xdp const where{.ifindex = bl::ifindex{2}};
    auto const empty = bl::query(where);
    REQUIRE(succeeded(empty));
    CHECK(empty->entries.empty());
    CHECK_FALSE(empty->revision);

    interface_facts[2].without_link = {.offload = 8, .driver = 0, .generic = 9};
    auto const two = bl::query(where);
    REQUIRE(succeeded(two));
    REQUIRE(two->entries.size() == 2);
    CHECK(two->entries[0].program == bl::program_id{8});
    CHECK(two->entries[0].mode == bl::xdp_mode::offload);
    CHECK_FALSE(two->entries[0].link);
    CHECK(two->entries[1].program == bl::program_id{9});
    CHECK(two->entries[1].mode == bl::xdp_mode::generic);

    auto const link = bl::attach(held, bl::hook::xdp{bl::ifindex{3}});
    REQUIRE(succeeded(link));
    forget_calls();
    auto const one = bl::query(bl::hook::xdp{.ifindex = bl::ifindex{3}});
    REQUIRE(succeeded(one));
    REQUIRE(one->entries.size() == 1);
    CHECK(one->entries[0].mode == bl::xdp_mode::driver);
    CHECK(system_calls() == 1);
}

TEST_CASE_FIXTURE(machine, "a query of XDP that fails says why") {
    auto const check = [&](int number, bl::ifindex index, bl::errc condition,
                           std::string_view text) {
        check_error(bl::query(bl::hook::xdp{.ifindex = index}), number, bl::operation::prog_query,
                    condition, {"interface " + std::to_string(index.value()), text});
    };
    check(ENODEV, bl::ifindex{99}, bl::errc::not_found, "no such interface");
    check(ENODEV, bl::ifindex{0}, bl::errc::not_found, "no such interface");
    fail(call::xdp_query, EAFNOSUPPORT);
    check(EAFNOSUPPORT, bl::ifindex{2}, bl::errc::not_supported, "AF_NETLINK");
    fail(call::xdp_query, EMFILE);
    check(EMFILE, bl::ifindex{2}, no_condition, "no free descriptor");
    fail(call::interface_name, EMFILE); // nothing is said of what was not seen
    check(EMFILE, bl::ifindex{2}, no_condition, "no free descriptor");
}

// E22
TEST_CASE_FIXTURE(with_program, "another object for a program is not blamed on its attach type") {
    auto const check = [&](bl::unique_fd&& given, std::string_view text) {
        typed_program<bl::program_type::xdp> const other{std::move(given)};
        fail(call::link_create, EINVAL);
        fail(call::prog_test_run_on_nothing, EINVAL); // as of a program for a devmap
        check_error(bl::attach(other, bl::hook::xdp{bl::ifindex{2}}), EINVAL,
                    bl::operation::link_create, bl::errc::invalid_argument, {text});
        mend();
    };
    check(open(add_map()), "; descriptor ");
    check(open(add_program(bl::program_type::sched_cls)),
          "; the program is of type sched_cls, and xdp is needed");
}
