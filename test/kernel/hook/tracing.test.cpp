// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"

#include <bpflink/bpflink.hpp>

#include <array>

#include <sys/syscall.h>
#include <unistd.h>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;

TEST_CASE_FIXTURE(kernel_case, "fentry and fexit programs run with their function, until closed") {
    auto const target = kernel_function("bpf_fentry_test1");
    if (!target) return;
    attach_type attach{};
    SUBCASE("fentry") {
        attach = attach_type::trace_fentry;
    }
    SUBCASE("fexit") {
        attach = attach_type::trace_fexit;
    }
    auto const p = counted_program::load(program_type::tracing, attach, {.target = *target});
    if (!p) return;
    CHECK(p->runs_during(call_traced_functions) == 0);
    auto l = must(bl::attach(p->as<program_type::tracing>(), bl::hook::tracing{}));
    CHECK(p->runs_during(call_traced_functions) == 1);
    CHECK(must(l.info()).type == bl::link_type::tracing);
    CHECK(must(l.info()).program == id_of_program(p->fd()));
    CHECK(must(l.details()).attach == attach);
    CHECK(l.state() == bl::link_state::attached);
    CHECK(bl::tracing_link::duplicate(l.fd()));
    CHECK_FALSE(bl::lsm_link::duplicate(l.fd()));
    must(l.close());
    CHECK(p->runs_during(call_traced_functions) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "a traced function's program reads the cookie of its link") {
    auto const target = kernel_function("bpf_fentry_test1");
    if (!target) return;
    auto const p = counted_program::load(program_type::tracing, attach_type::trace_fentry,
                                         {.reads_cookie = true, .target = *target});
    if (!p) return;
    constexpr bl::cookie wanted{0xfeed'0000'1234'5678U};
    auto const l = must(bl::attach(p->as<program_type::tracing>(), bl::hook::tracing{wanted}));
    CHECK(p->runs_during(call_traced_functions) == 1);
    CHECK(p->cookie() == wanted);
    if (auto const reported = must(l.details()).cookie)
        CHECK(*reported == wanted);
    else
        skip_part("the kernel does not report the cookie of a tracing link");
}

TEST_CASE_FIXTURE(kernel_case, "a fentry link tells its target") {
    auto const target = kernel_function("bpf_fentry_test1");
    if (!target) return;
    auto const p = counted_program::load(program_type::tracing, attach_type::trace_fentry,
                                         {.target = *target});
    if (!p) return;
    constexpr bl::cookie wanted{0x1234'5678'9abc'def0U};
    auto made = bl::attach(p->as<program_type::tracing>(), bl::hook::tracing{wanted});
    bool const has_cookie = made.has_value();
    if (!made) {
        skip_part("no cookie for fentry: Invalid argument");
        made = bl::attach(p->as<program_type::tracing>(), bl::hook::tracing{});
    }
    auto const l = must(std::move(made));
    auto const details = must(l.details());
    if (details.target)
        CHECK(*details.target == *target);
    else
        skip_part("the kernel does not report the target of a tracing link");
    if (details.cookie)
        CHECK(*details.cookie == (has_cookie ? wanted : bl::cookie{0}));
    else
        skip_part("the kernel does not report the cookie of a tracing link");
    auto untyped = must(bl::link::duplicate(l.fd()));
    check_error(untyped.update(p->as<program_type::tracing>()), bl::errc::not_supported,
                {"(tracing)"});
    check_error(untyped.detach(), bl::errc::not_supported, {"(tracing)"});
}

TEST_CASE_FIXTURE(kernel_case, "a fmod_ret program replaces what its function returns") {
    auto const target = kernel_function("security_task_prctl");
    if (!target) return;
    auto const p = counted_program::load(program_type::tracing, attach_type::modify_return,
                                         {.target = *target});
    if (!p) return;
    auto const call = [] { ::syscall(SYS_prctl, -1, 0, 0, 0, 0); };
    auto l = must(bl::attach(p->as<program_type::tracing>(), bl::hook::tracing{}));
    CHECK(p->runs_during(call) >= 1);
    CHECK(must(l.details()).attach == attach_type::modify_return);
    must(l.close());
    CHECK(p->runs_during(call) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "a fsession program runs before its function and after it") {
    auto const target = kernel_function("bpf_fentry_test1");
    if (!target) return;
    auto const p = counted_program::load(program_type::tracing, attach_type::trace_fsession,
                                         {.target = *target});
    if (!p) return;
    auto l = must(bl::attach(p->as<program_type::tracing>(), bl::hook::tracing{}));
    CHECK(p->runs_during(call_traced_functions) == 2);
    CHECK(must(l.details()).attach == attach_type::trace_fsession);
    must(l.close());
    CHECK(p->runs_during(call_traced_functions) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "what a tracing program was not loaded for is refused") {
    auto const target = kernel_function("bpf_fentry_test1");
    if (!target) return;
    auto const p = counted_program::load(program_type::tracing, attach_type::trace_fentry,
                                         {.target = *target});
    if (!p) return;
    check_error(bl::attach(p->as<program_type::tracing>(), bl::hook::tp_btf{}),
                bl::errc::invalid_argument, {"trace_fentry", "trace_raw_tp"});
    check_error(bl::attach(p->as<program_type::tracing>(), bl::hook::iter{}),
                bl::errc::invalid_argument, {"trace_iter"});
    std::array const functions{*target};
    check_error(bl::attach(p->as<program_type::tracing>(), bl::hook::tracing_multi{functions}),
                bl::errc::invalid_argument, {"trace_fentry_multi"});
}

// F7
TEST_CASE_FIXTURE(kernel_case, "a function without a place for a trampoline cannot be traced") {
    // The tracer's own functions are built without.
    auto const target = kernel_function("tracing_open_generic");
    if (!target) return;
    auto const p = counted_program::load(program_type::tracing, attach_type::trace_fentry,
                                         {.target = *target});
    if (!p) return;
    auto const link = bl::attach(p->as<program_type::tracing>(), bl::hook::tracing{});
    REQUIRE_FALSE(link);
    auto const message = link.error().message();
    CAPTURE(message);
    CHECK((message.find("cannot be traced here") != message.npos ||
           message.find("has no place for one") != message.npos));
    if (message.find("one of: ") != message.npos)
        return skip_case("the kernel does not tell what a program was loaded for");
    CHECK(link.error() == bl::errc::not_supported);
}

TEST_CASE_FIXTURE(kernel_case, "a program that is on its function already is told so") {
    auto const target = kernel_function("bpf_fentry_test1");
    if (!target) return;
    auto const p = counted_program::load(program_type::tracing, attach_type::trace_fentry,
                                         {.target = *target});
    if (!p) return;
    auto const first = must(bl::attach(p->as<program_type::tracing>(), bl::hook::tracing{}));
    auto const second = bl::attach(p->as<program_type::tracing>(), bl::hook::tracing{});
    REQUIRE_FALSE(second);
    auto const message = second.error().message();
    CAPTURE(message);
    if (second.error().code() == std::errc::no_such_file_or_directory) { // before 5.13
        CHECK(second.error() == bl::errc::invalid_argument);
        CHECK(message.find("; the program was attached before") != message.npos);
    } else {
        CHECK(second.error() == bl::errc::already_exists);
    }
}
