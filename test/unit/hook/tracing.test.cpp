// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <string>

// The hooks whose target is fixed when the program is loaded.

namespace {

using bl::attach_type;
using bl::program_type;

template <program_type Type>
struct loaded : machine {
    bl::unique_fd held;
    bpf_program facts;

    bl::program_ref<Type> load(attach_type expected) {
        held = open(add_program(Type, expected));
        facts = {"prog", Type, expected, held.get()};
        return *bl::program_ref<Type>::from(&facts);
    }
    bl::program_ref<Type> by_descriptor() { return *bl::program_ref<Type>::from_fd(held); }
};
using tracing_program = loaded<program_type::tracing>;
using lsm_program = loaded<program_type::lsm>;
using ext_program = loaded<program_type::ext>;

} // namespace

TEST_CASE_FIXTURE(tracing_program, "without a cookie, tracing attaches by the command of 4.17") {
    for (auto const expected : bl::hook_traits<bl::hook::tracing>::attach_types) {
        auto const prog = load(expected);
        forget_calls();
        auto const link = bl::attach(prog, bl::hook::tracing{});
        REQUIRE(succeeded(link));
        CHECK(system_calls() == 1);
        CHECK(calls(call::raw_tracepoint_open) == 1);
        CHECK(link->details()->attach == expected);
        CHECK(succeeded(bl::tracing_link::duplicate(link->fd())));
    }
}

TEST_CASE_FIXTURE(tracing_program, "a cookie needs the newer command, and the attach type") {
    auto const prog = load(attach_type::trace_fexit);
    auto const link = bl::attach(prog, bl::hook::tracing{.cookie = bl::cookie{7}});
    REQUIRE(succeeded(link));
    CHECK(last_create.attach_type == 25);
    CHECK(last_create.target == 0);
    CHECK(last_create.tracing.target_btf_id == 0);
    CHECK(last_create.tracing.cookie == 7);

    forget_calls();
    auto const unknown = by_descriptor();
    forget_calls();
    auto const refused = bl::attach(unknown, bl::hook::tracing{.cookie = bl::cookie{7}});
    REQUIRE_FALSE(refused);
    check_error(refused.error(), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"cookie", "attach type"});
    CHECK(system_calls() == 0);
    CHECK(succeeded(bl::attach(unknown, bl::hook::tracing{})));
}

TEST_CASE_FIXTURE(tracing_program, "a program loaded for another kind of tracing is refused") {
    for (auto const expected : {attach_type::trace_iter, attach_type::trace_raw_tp,
                                attach_type::trace_fentry_multi, attach_type::lsm_mac}) {
        auto const prog = load(expected);
        forget_calls();
        auto const link = bl::attach(prog, bl::hook::tracing{});
        REQUIRE_FALSE(link);
        check_error(link.error(), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                    {to_string(expected), "trace_fentry, trace_fexit", "or trace_fsession"});
        CHECK(system_calls() == 0);
    }
}

TEST_CASE_FIXTURE(tracing_program, "each refusal of a trampoline has its condition and advice") {
    auto const prog = load(attach_type::trace_fentry);
    struct row {
        int number;
        bl::errc condition;
        char const* advice;
    };
    for (row const& each : {
             row{EINVAL, bl::errc::invalid_argument, "not loaded for a function"},
             row{EBUSY, bl::errc::hook_busy, "trampoline"},
             row{E2BIG, no_condition, "38 programs"},
             row{ENOENT, bl::errc::not_found, "gone"},
             row{EOPNOTSUPP, bl::errc::not_supported, "trampoline"},
             row{EPERM, bl::errc::permission_denied, "CAP_PERFMON"},
             row{ENOMEM, no_condition, ""},
         }) {
        CAPTURE(each.number);
        fail(call::raw_tracepoint_open, each.number);
        auto const link = bl::attach(prog, bl::hook::tracing{});
        REQUIRE_FALSE(link);
        check_error(link.error(), each.number, bl::operation::raw_tracepoint_open, each.condition,
                    {"trace_fentry program", each.advice});
    }
    fail(call::link_create, EINVAL);
    auto const link = bl::attach(prog, bl::hook::tracing{.cookie = bl::cookie{1}});
    REQUIRE_FALSE(link);
    check_error(link.error(), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"5.19"});
}

TEST_CASE_FIXTURE(tracing_program, "tp_btf is a raw tracepoint's link") {
    auto const prog = load(attach_type::trace_raw_tp);
    auto const link = bl::attach(prog, bl::hook::tp_btf{.cookie = bl::cookie{9}});
    REQUIRE(succeeded(link));
    CHECK(last_cookie == 9);
    CHECK(link->info()->type == bl::link_type::raw_tracepoint);
    CHECK(succeeded(bl::tp_btf_link::duplicate(link->fd())));
    // The kernel's answer does not tell the two apart, and they can do the same.
    CHECK(succeeded(bl::raw_tracepoint_link::duplicate(link->fd())));
    CHECK_FALSE(bl::tracing_link::duplicate(link->fd()));

    auto const other = load(attach_type::trace_fentry);
    auto const refused = bl::attach(other, bl::hook::tp_btf{});
    REQUIRE_FALSE(refused);
    check_error(refused.error(), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"trace_fentry", "trace_raw_tp is needed"});
    auto const again = load(attach_type::trace_raw_tp);
    for (auto const& [number, condition, cookie, advice] :
         {std::tuple{EINVAL, bl::errc::invalid_argument, 1U, "6.10"},
          std::tuple{EINVAL, bl::errc::invalid_argument, 0U, "tracepoint"},
          std::tuple{EPERM, bl::errc::permission_denied, 0U, "CAP_PERFMON"}}) {
        fail(call::raw_tracepoint_open, number);
        auto const failed = bl::attach(again, bl::hook::tp_btf{.cookie = bl::cookie{cookie}});
        REQUIRE_FALSE(failed);
        check_error(failed.error(), number, bl::operation::raw_tracepoint_open, condition,
                    {advice});
    }
}

TEST_CASE_FIXTURE(lsm_program, "LSM takes what was loaded for the whole system") {
    auto const prog = load(attach_type::lsm_mac);
    auto const link = bl::attach(prog, bl::hook::lsm{});
    REQUIRE(succeeded(link));
    CHECK(link->details()->attach == attach_type::lsm_mac);
    CHECK_FALSE(bl::tracing_link::duplicate(link->fd()));
    auto const with_cookie = bl::attach(by_descriptor(), bl::hook::lsm{.cookie = bl::cookie{3}});
    REQUIRE(succeeded(with_cookie));
    CHECK(last_create.attach_type == 27);
    CHECK(last_create.tracing.cookie == 3);

    auto const of_a_cgroup = load(attach_type::lsm_cgroup);
    auto const refused = bl::attach(of_a_cgroup, bl::hook::lsm{});
    REQUIRE_FALSE(refused);
    check_error(refused.error(), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {"lsm_cgroup", "lsm_mac is needed"});
}

TEST_CASE_FIXTURE(ext_program, "freplace attaches where it was loaded for, or elsewhere") {
    auto const prog = load(attach_type{});
    auto const target = open(add_program(program_type::xdp));
    forget_calls();
    auto const first = bl::attach(prog, bl::hook::freplace{});
    REQUIRE(succeeded(first));
    CHECK(calls(call::raw_tracepoint_open) == 1);

    auto const second = bl::attach(prog, bl::hook::freplace{target, "replaceable"});
    REQUIRE(succeeded(second));
    CHECK_FALSE(second->details()->attach); // E10: the kernel has none for it
    CHECK(last_create.target == static_cast<std::uint32_t>(target.get()));
    CHECK(last_create.target_btf_id == 17);
    CHECK(last_create.attach_type == 0);

    for (auto const& where : {bl::hook::freplace{target, ""}, bl::hook::freplace{{}, "function"}}) {
        forget_calls();
        auto const half = bl::attach(prog, where);
        REQUIRE_FALSE(half);
        check_error(half.error(), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                    {"a program and the name"});
        CHECK(system_calls() == 0);
    }
    auto const missing = bl::attach(prog, bl::hook::freplace{target, "other"});
    REQUIRE_FALSE(missing);
    check_error(missing.error(), ENOENT, bl::operation::prog_get_info, bl::errc::not_found,
                {"'other'", "no function of that name"});
    for (auto const& [number, condition, advice] :
         {std::tuple{EINVAL, bl::errc::invalid_argument, "signature"},
          std::tuple{EBUSY, bl::errc::hook_busy, "replaced"},
          std::tuple{EPERM, bl::errc::permission_denied, "CAP_SYS_ADMIN"}}) {
        fail(call::link_create, number);
        auto const failed = bl::attach(prog, bl::hook::freplace{target, "replaceable"});
        REQUIRE_FALSE(failed);
        check_error(failed.error(), number, bl::operation::link_create, condition,
                    {"'replaceable'", advice});
    }
}

// E14
TEST_CASE_FIXTURE(ext_program, "freplace takes a target at descriptor 0") {
    first_descriptor = 0;
    auto const zero = open(add_program(program_type::xdp));
    REQUIRE(zero.get() == 0);
    auto const prog = load(attach_type{});
    auto const held_before = open_descriptors().size();
    auto const link = bl::attach(prog, bl::hook::freplace{zero, "replaceable"});
    REQUIRE(succeeded(link));
    CHECK(last_create.target != 0);
    CHECK(open_descriptors().size() == held_before + 1);
}

TEST_CASE_FIXTURE(tracing_program, "tracing_multi hands its arrays on") {
    auto const prog = load(attach_type::trace_fentry_multi);
    std::array const functions{bl::btf_id{4}, bl::btf_id{8}};
    std::array const cookies{bl::cookie{1}, bl::cookie{2}};
    auto const link = bl::attach(prog, bl::hook::tracing_multi{functions, cookies});
    REQUIRE(succeeded(link));
    CHECK(last_create.attach_type == 59);
    CHECK(last_create.tracing_multi.count == 2);
    CHECK(last_create.tracing_multi.ids == reinterpret_cast<std::uintptr_t>(functions.data()));
    CHECK(last_create.tracing_multi.cookies == reinterpret_cast<std::uintptr_t>(cookies.data()));
    CHECK(link->info()->type == bl::link_type::tracing_multi);

    auto const by_fd = by_descriptor();
    REQUIRE(succeeded(
        bl::attach(by_fd, bl::hook::tracing_multi{.functions = functions,
                                                  .attach = attach_type::trace_fexit_multi})));
    CHECK(last_create.attach_type == 60);
    CHECK(last_create.tracing_multi.cookies == 0);
}

TEST_CASE_FIXTURE(tracing_program, "what tracing_multi cannot mean is refused before the kernel") {
    auto const prog = load(attach_type::trace_fentry_multi);
    auto const by_fd = by_descriptor();
    forget_calls();
    std::array const functions{bl::btf_id{4}, bl::btf_id{8}};
    std::array const one{bl::cookie{1}};
    auto const refused = [&](auto const& p, bl::hook::tracing_multi const& where,
                             char const* text) {
        auto const link = bl::attach(p, where);
        REQUIRE_FALSE(link);
        check_error(link.error(), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                    {text});
    };
    refused(prog, {}, "no functions");
    refused(prog, {functions, one}, "1 cookies for 2 functions");
    refused(by_fd, {functions}, "attach type is needed");
    refused(prog, {functions, {}, attach_type::trace_fexit_multi}, "trace_fexit_multi is needed");
    refused(by_fd, {functions, {}, attach_type::trace_fentry}, "trace_fentry_multi");
    CHECK(system_calls() == 0);
    fail(call::link_create, EINVAL);
    refused(prog, {functions}, "7.2");
}
