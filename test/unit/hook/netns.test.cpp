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
        check_error(bl::attach(prog, at(attach)), EINVAL, bl::operation::link_create,
                    bl::errc::invalid_argument, {subject, to_string(attach), word});
    };
    refused(lookup, attach_type::flow_dissector, "of type sk_lookup, and flow_dissector is needed");
    refused(dissector, attach_type::sk_lookup, "of type flow_dissector, and sk_lookup is needed");
    refused(lookup, attach_type::xdp, "xdp is not of netns");
    refused(lookup, attach_type{}, "cgroup_inet_ingress is not of netns");
    CHECK(system_calls() == 0);
}

TEST_CASE_FIXTURE(with_programs, "a network namespace says what is in the way") {
    auto const check = [&](auto const& prog, int number, bl::errc condition,
                           std::initializer_list<std::string_view> texts) {
        CAPTURE(number);
        fail(call::link_create, number);
        auto const link = bl::attach(prog, bl::hook::netns{.netns = bl::fd_view{name_space}});
        check_error(link, number, bl::operation::link_create, condition, texts);
        CHECK(link.error().subject().starts_with(subject));
        CHECK(newest_link() == nullptr);
    };
    check(dissector, E2BIG, bl::errc::hook_busy, {"another flow dissector"});
    check(lookup, E2BIG, no_condition, {"64 programs"});
    check(dissector, EEXIST, bl::errc::hook_busy,
          {"one of:", "the first network namespace", "; or this is the first"});
    on_hook = {{30, 0}};
    check(dissector, EEXIST, bl::errc::hook_busy, {"program 30 is there without a link"});
}

// E22
TEST_CASE_FIXTURE(with_programs, "a file for a program is not blamed on the namespace") {
    auto const check = [&](bl::fd_view at, std::string_view text) {
        auto const link = bl::attach(dissector, bl::hook::netns{.netns = at});
        REQUIRE_FALSE(link);
        CHECK(link.error() == bl::errc::invalid_argument);
        CAPTURE(link.error().message());
        CHECK(link.error().message().find(text) != std::string::npos);
    };
    std::string const own = "/proc/thread-self/fd/" + std::to_string(name_space.get());
    network_namespaces[own] = 4'711;
    dissector.owned = open_file();
    check(name_space, std::to_string(dissector.owned.get()) + " is not a BPF program");
    dissector.owned = open(add_program(program_type::xdp));
    fail(call::link_create, EINVAL);
    check(name_space, "of type xdp, and flow_dissector or sk_lookup is needed");
    dissector.owned = open(add_program(program_type::sk_lookup));
    fail(call::link_create, EINVAL);
    check(name_space, "of type sk_lookup, and flow_dissector is needed for flow_dissector");
    dissector.owned = open(add_program(program_type::flow_dissector));
    fail(call::link_create, EINVAL); // of what is not a namespace's descriptor
    network_namespaces.erase(own);
    check(name_space, "is not a network namespace's: open /proc/PID/ns/net");
    fail(call::link_create, EBADF);
    check(bl::fd_view{99}, "descriptor 99 is not open");
    dissector.owned = {};
    check(name_space, "the program's descriptor is not open");
}

// E10
TEST_CASE_FIXTURE(with_programs, "without attach, a network namespace takes that of the program") {
    REQUIRE(succeeded(bl::attach(dissector, bl::hook::netns{.netns = bl::fd_view{name_space}})));
    CHECK(last_create.attach_type == 17);
    REQUIRE(succeeded(bl::attach(lookup, bl::hook::netns{.netns = bl::fd_view{name_space}})));
    CHECK(last_create.attach_type == 36);
}
