// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/raw_tracepoint.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace {

struct with_program : machine {
    fake::program& prog = add_program(bl::program_type::raw_tracepoint);
    typed_program<bl::program_type::raw_tracepoint> held{{open(prog)}};

    void check_refused(bl::hook::raw_tracepoint const& where, int number, bl::errc condition,
                       std::string_view advice) {
        auto const link = bl::attach(held, where);
        check_error(link, number, bl::operation::raw_tracepoint_open, condition,
                    {"tracepoint '", advice});
        CHECK(newest_link() == nullptr);
    }
};

} // namespace

TEST_CASE_FIXTURE(with_program, "a raw tracepoint is attached by name") {
    auto const link = bl::attach(held, bl::hook::raw_tracepoint{.name = "sched_switch"});
    REQUIRE(succeeded(link));
    CHECK(system_calls() == 1);
    CHECK(last_cookie == 0);
    CHECK(link->details()->name == "sched_switch");
    // Any number of them.
    CHECK(succeeded(bl::attach(held, bl::hook::raw_tracepoint{.name = "sched_switch"})));
}

TEST_CASE_FIXTURE(with_program, "a name needs no zero byte at its end") {
    std::string_view const text = "sched_switch_and_more";
    auto const link = bl::attach(held, bl::hook::raw_tracepoint{.name = text.substr(0, 12)});
    REQUIRE(succeeded(link));
    CHECK(link->details()->name == "sched_switch");
}

TEST_CASE_FIXTURE(with_program, "a cookie goes along") {
    auto const link = bl::attach(
        held, bl::hook::raw_tracepoint{.name = "sys_enter", .cookie = bl::cookie{0x1234}});
    REQUIRE(succeeded(link));
    CHECK(last_cookie == 0x1234);
    CHECK(link->details()->cookie == bl::cookie{0x1234});
}

TEST_CASE_FIXTURE(with_program, "a kernel without cookies says so") {
    takes_tracepoint_cookies = false;
    auto const link =
        bl::attach(held, bl::hook::raw_tracepoint{.name = "sys_enter", .cookie = bl::cookie{1}});
    REQUIRE_FALSE(link);
    CHECK(link.error().code().value() == EINVAL);
    CHECK(link.error().message().find("6.10") != std::string::npos);
    CHECK(succeeded(bl::attach(held, bl::hook::raw_tracepoint{.name = "sys_enter"})));
}

TEST_CASE_FIXTURE(with_program, "a name that cannot be one is refused without a system call") {
    std::string const longest(127, 't');
    tracepoints.push_back(longest);
    CHECK(succeeded(bl::attach(held, bl::hook::raw_tracepoint{.name = longest})));
    forget_calls();
    for (auto const& name : {std::string{}, longest + 't', std::string{"sys\0enter", 9}})
        check_refused({.name = name}, EINVAL, bl::errc::invalid_argument, "1 to 127 bytes");
    CHECK(system_calls() == 0);
}

// E22
TEST_CASE_FIXTURE(with_program,
                  "a raw tracepoint with another type of program blames the program") {
    typed_program<bl::program_type::raw_tracepoint> const other{
        {open(add_program(bl::program_type::xdp))}};
    auto const link = bl::attach(other, bl::hook::raw_tracepoint{.name = "sys_enter"});
    check_error(link, EINVAL, bl::operation::raw_tracepoint_open, bl::errc::invalid_argument,
                {"of type xdp, and raw_tracepoint"});
    CHECK(link.error().message().find("arguments") == std::string::npos);
}

TEST_CASE_FIXTURE(with_program, "only a writable program may have written too far") {
    fail(call::raw_tracepoint_open, EINVAL);
    auto const reader = bl::attach(held, bl::hook::raw_tracepoint{.name = "sys_enter"});
    check_error(reader, EINVAL, bl::operation::raw_tracepoint_open, bl::errc::invalid_argument,
                {"past the tracepoint's arguments"});
    CHECK(reader.error().message().find("writes") == std::string::npos);
    prog.type = bl::program_type::raw_tracepoint_writable;
    fail(call::raw_tracepoint_open, EINVAL);
    check_refused({.name = "sys_enter"}, EINVAL, bl::errc::invalid_argument,
                  "; or the program writes where the tracepoint is not writable");
}

TEST_CASE_FIXTURE(with_program, "a program that sleeps is blamed where the kernel has such") {
    auto const is_blamed = [&](char const* name) {
        fail(call::raw_tracepoint_open, EINVAL);
        auto const link = bl::attach(held, bl::hook::raw_tracepoint{.name = name});
        check_error(link, EINVAL, bl::operation::raw_tracepoint_open, bl::errc::invalid_argument,
                    {"past the tracepoint's arguments"});
        return link.error().message().find("; or the program sleeps") != std::string::npos;
    };
    CHECK_FALSE(is_blamed("sched_switch"));
    has_sleepers = true;
    CHECK(is_blamed("sched_switch"));
    CHECK_FALSE(is_blamed("sys_enter"));
}
