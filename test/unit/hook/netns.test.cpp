// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/netns.hpp>

#include <string>

namespace {

using bl::attach_type;
using bl::program_type;

struct with_programs : machine {
    typed_program<program_type::flow_dissector> dissector{
        {open(add_program(program_type::flow_dissector))}};
    typed_program<program_type::sk_lookup> lookup{
        {open(add_program(program_type::sk_lookup, attach_type::sk_lookup))}};
    bl::unique_fd name_space = open_file();
    std::string subject = "network namespace descriptor " + std::to_string(name_space.get());

    bl::hook::netns at(attach_type attach) const { return {bl::fd_view{name_space}, attach}; }
};

} // namespace

TEST_CASE_FIXTURE(with_programs, "a network namespace is attached to by its descriptor") {
    auto const a = bl::attach(dissector, at(attach_type::flow_dissector));
    REQUIRE(succeeded(a));
    CHECK(last_create.target == static_cast<std::uint32_t>(name_space.get()));
    CHECK(last_create.attach_type == 17);
    CHECK(last_create.flags == 0);
    CHECK(a->details()->attach == attach_type::flow_dissector);
    auto const b = bl::attach(lookup, at(attach_type::sk_lookup));
    REQUIRE(succeeded(b));
    CHECK(last_create.prog_fd == static_cast<std::uint32_t>(lookup.fd().get()));
    CHECK(last_create.attach_type == 36);
    CHECK(calls(call::link_create) == 2);
}

TEST_CASE_FIXTURE(with_programs, "the attach type goes with the program, or both are named") {
    auto const refused = [&](auto const& prog, attach_type attach, std::string_view word) {
        auto const link = bl::attach(prog, at(attach));
        REQUIRE_FALSE(link);
        check_error(link.error(), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                    {subject, to_string(attach), word});
    };
    refused(lookup, attach_type::flow_dissector, "of type sk_lookup, and flow_dissector is needed");
    refused(dissector, attach_type::sk_lookup, "of type flow_dissector, and sk_lookup is needed");
    refused(lookup, attach_type::xdp, "not a network namespace's");
    refused(lookup, attach_type{}, "not a network namespace's");
    CHECK(system_calls() == 0);
}

TEST_CASE_FIXTURE(with_programs, "each refusal has its condition and its advice") {
    struct row {
        int number;
        attach_type attach;
        bl::errc condition;
        char const* advice;
    };
    constexpr auto one = attach_type::flow_dissector;
    constexpr auto many = attach_type::sk_lookup;
    for (row const& each : {
             row{E2BIG, one, bl::errc::hook_busy, "another flow dissector"},
             row{E2BIG, many, no_condition, "64 programs"},
             row{EEXIST, one, bl::errc::hook_busy, "first network namespace"},
             row{EEXIST, many, bl::errc::hook_busy, "without a link"},
             row{EINVAL, one, bl::errc::invalid_argument, "not a network namespace's"},
             row{EBADF, one, bl::errc::invalid_argument, ""},
             row{EPERM, one, bl::errc::permission_denied, "CAP_NET_ADMIN"},
             row{ENOMEM, many, no_condition, ""},
         }) {
        CAPTURE(each.number);
        fail(call::link_create, each.number);
        auto const check = [&](auto const& link) {
            REQUIRE_FALSE(link);
            check_error(link.error(), each.number, bl::operation::link_create, each.condition,
                        {subject, each.advice});
        };
        if (each.attach == one)
            check(bl::attach(dissector, at(one)));
        else
            check(bl::attach(lookup, at(many)));
        CHECK(newest_link() == nullptr);
    }
}

// E10
TEST_CASE_FIXTURE(with_programs, "without attach, a network namespace takes that of the program") {
    REQUIRE(succeeded(bl::attach(dissector, bl::hook::netns{.netns = bl::fd_view{name_space}})));
    CHECK(last_create.attach_type == 17);
    REQUIRE(succeeded(bl::attach(lookup, bl::hook::netns{.netns = bl::fd_view{name_space}})));
    CHECK(last_create.attach_type == 36);
}
