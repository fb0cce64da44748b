// SPDX-License-Identifier: Apache-2.0
// The kinds overlay each other's fields: what is one kind's length is another's count or address.
#include "every_kind.hpp"

#include <bpflink/detail/read_info.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <variant>

namespace {

struct reading : machine {
    fake::program& prog = add_program(bl::program_type::tracing);
    fake::link& tracepoint =
        add_link({.type = bl::link_type::raw_tracepoint, .prog = &prog, .name = "sched_switch"});
};

} // namespace

TEST_CASE_FIXTURE(reading, "a kind is known before it is asked anything of its own") {
    SUBCASE("on a kernel of today") {
    }
    SUBCASE("on a kernel that reports no cookies") {
        reports_cookies = false;
    }
    for (auto* const link : add_every_kind(*this)) {
        auto const type = link->facts.type;
        CAPTURE(type);
        auto const fd = open(*link);
        forget_calls();
        auto const info = bl::detail::read_info(fd);
        REQUIRE(succeeded(info));
        CHECK(info->type == type);
        using enum bl::link_type;
        constexpr std::array two_questions{raw_tracepoint, iter,         tracing,      perf_event,
                                           kprobe_multi,   uprobe_multi, tracing_multi};
        bool const twice = std::ranges::find(two_questions, type) != two_questions.end();
        CHECK(system_calls() == (twice ? 2 : 1));
    }
}

TEST_CASE_FIXTURE(reading, "a name of any length is whole") {
    for (std::size_t const length : {1UL, 15UL, 16UL, 127UL, 128UL, 129UL, 1'000UL}) {
        std::string const name(length, 'n');
        auto const fd =
            open(add_link({.type = bl::link_type::raw_tracepoint, .prog = &prog, .name = name}));
        auto const info = bl::detail::read_info(fd);
        REQUIRE(succeeded(info));
        CHECK(std::get<bl::raw_tracepoint_details>(info->details).name == name);
    }
}

TEST_CASE_FIXTURE(reading, "either question can be refused") {
    auto const fd = open(tracepoint);
    for (int const nth : {1, 2}) {
        fail(call::obj_get_info, EPERM, nth);
        check_error(bl::detail::read_info(fd), EPERM, bl::operation::link_get_info,
                    bl::errc::permission_denied);
    }
}

TEST_CASE_FIXTURE(reading, "the head of any link takes one small call") {
    auto const fd = open(tracepoint);
    auto const header = bl::detail::read_header(fd);
    REQUIRE(succeeded(header));
    CHECK(header->type == bl::link_type::raw_tracepoint);
    CHECK(header->id.value() == tracepoint.id());
    CHECK(header->program.value() == prog.id);
    CHECK(system_calls() == 1);
    fail(call::obj_get_info, EPERM);
    check_error(bl::detail::read_header(fd), EPERM, bl::operation::link_get_info,
                bl::errc::permission_denied);
}

TEST_CASE_FIXTURE(reading, "a link that the kernel does not tell of says why") {
    check_error(bl::detail::read_info(bl::fd_view{99}), EBADF, bl::operation::link_get_info,
                bl::errc::invalid_argument, {"descriptor 99", "the descriptor is not open"});
    auto const fd = open(tracepoint);
    struct row {
        int number;
        bl::errc condition;
        char const* text;
    };
    for (row const& each :
         {row{ENODEV, bl::errc::not_found, "the device that it was loaded for is gone"},
          row{ENOSPC, no_condition, "more each time it was asked about: ask again"},
          row{ENAMETOOLONG, bl::errc::invalid_argument, "longer than 4,095 bytes"},
          row{EPERM, bl::errc::permission_denied, "a security module refuses it"},
          row{EACCES, bl::errc::permission_denied, "a security module refuses it"},
          row{ENOMEM, no_condition, "no memory"},
          row{ENOSYS, bl::errc::not_supported, "a filter of system calls"}}) {
        CAPTURE(each.number);
        fail_always(call::obj_get_info, each.number);
        auto const info = bl::detail::read_info(fd);
        mend();
        check_error(info, each.number, bl::operation::link_get_info, each.condition, {each.text});
    }
}

TEST_CASE_FIXTURE(reading,
                  "what is not a BPF object is told from a request that the kernel refuses") {
    auto const file = open_file();
    check_error(bl::detail::read_info(file), EINVAL, bl::operation::link_get_info,
                bl::errc::invalid_argument, {"it is not a BPF object"});
    auto const fd = open(tracepoint);
    fail(call::obj_get_info, EINVAL);
    auto const refused = bl::detail::read_info(fd);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().ends_with("(EINVAL)"));
}
