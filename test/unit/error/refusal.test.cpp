// SPDX-License-Identifier: Apache-2.0
#include "error/refusal.hpp"

#include "hook/row.hpp"
#include "machine.hpp"

#include <bpflink/any_program.hpp>

#include <array>
#include <string>

namespace {

using bl::detail::attempt;
using bl::detail::finding;
using bl::detail::refusal;

constexpr auto what = bl::operation::link_create;

finding yes(attempt const&) {
    return {bl::match::yes, "seven"};
}
finding no(attempt const&) {
    return {bl::match::no};
}
finding unknown(attempt const&) {
    return {bl::match::unknown, "it"};
}

struct refusing : machine {
    /// The rows of a number, by whom it is asked.
    bl::error because(bl::refusals rows, int number = EBUSY) {
        return bl::refuse(-number, what, "x", {}, {rows}).value();
    }
};

constexpr refusal busy{EBUSY, bl::errc::hook_busy, "it is busy", "wait", "f"};

} // namespace

TEST_CASE_FIXTURE(refusing, "the first cause whose look says yes is the answer") {
    constexpr std::array rows{
        refusal{EBUSY, bl::errc::defunct, "never", "", "f", no},
        busy,
        refusal{EBUSY, bl::errc::not_found, "{} of them are there", "take one", "f", yes},
        refusal{EBUSY, bl::errc::defunct, "too late", "", "f", yes},
    };
    auto const e = because(rows);
    check_error(e, EBUSY, what, bl::errc::not_found, {"; seven of them are there: take one"});
    CHECK(e.message().ends_with("take one"));
}

TEST_CASE_FIXTURE(refusing, "causes that nothing tells apart are all told, with what they share") {
    constexpr std::array rows{
        busy,
        refusal{EBUSY, bl::errc::hook_busy, "{} is held", "", "f", unknown},
        refusal{EBUSY, bl::errc::hook_busy, "never", "", "f", no},
        refusal{EPERM, bl::errc::hook_busy, "of another errno", "", "f", yes},
    };
    auto const e = because(rows);
    check_error(e, EBUSY, what, bl::errc::hook_busy, {"one of: it is busy: wait; or it is held"});
    constexpr std::array two_kinds{busy, refusal{EBUSY, bl::errc::defunct, "it is gone", "", "f"}};
    check_error(because(two_kinds), EBUSY, what, no_condition, {"one of: it is busy"});
}

TEST_CASE_FIXTURE(refusing, "an errno without a row has its usual condition, and no advice") {
    constexpr std::array rows{busy};
    check_error(because(rows, ENOENT), ENOENT, what, bl::errc::not_found);
    CHECK(because(rows, ENOENT).message().ends_with("(ENOENT)"));
}

TEST_CASE_FIXTURE(refusing, "a program of no hook is refused by what can be told without one") {
    auto const fd = open(add_program(bl::program_type::xdp));
    bl::detail::borrowed_program const prog{.fd = fd};
    for (int const number : {EBADF, EINVAL, EPERM, EACCES, EMFILE, ENOMEM, ENOSPC, E2BIG, EIO}) {
        CAPTURE(number);
        for (auto const rows : {bl::usual_causes(), bl::command_causes(), bl::common_causes()}) {
            auto const told = bl::refuse(-number, what, "x", {.prog = &prog}, {rows}).value();
            CHECK(told.code().value() == number);
        }
    }
    auto const told = bl::refuse(-EINVAL, what, "x", {.prog = &prog}, {bl::usual_causes()});
    check_error(told.value(), EINVAL, what, bl::errc::invalid_argument);
}

TEST_CASE_FIXTURE(refusing,
                  "a missing CAP_BPF is a cause only where bpf(2) asks everybody for it") {
    lacks_capabilities = {21, 39}; // CAP_SYS_ADMIN, CAP_BPF
    check_error(because(bl::command_causes(), EPERM), EPERM, what, bl::errc::permission_denied,
                {"a security module refuses it"});
    SUBCASE("as kernels before 5.19 do where kernel.unprivileged_bpf_disabled is set") {
        fail_always(call::map_look_up_nothing, EPERM);
        check_error(because(bl::command_causes(), EPERM), EPERM, what, bl::errc::permission_denied,
                    {"CAP_BPF is missing, which bpf(2) asks for"});
        lacks_capabilities = {};
        check_error(because(bl::command_causes(), EPERM), EPERM, what, bl::errc::permission_denied,
                    {"a security module refuses it"});
        in_first_user_namespace = false;
        check_error(because(bl::command_causes(), EPERM), EPERM, what, bl::errc::permission_denied,
                    {"user namespace"});
    }
}
