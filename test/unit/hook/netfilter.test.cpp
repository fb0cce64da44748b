// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/netfilter.hpp>

#include <limits>
#include <vector>

namespace {

struct with_program : machine {
    typed_program<bl::program_type::netfilter> held{
        {open(add_program(bl::program_type::netfilter, bl::attach_type::netfilter))}};
};

constexpr bl::hook::netfilter incoming{.protocol_family = bl::protocol_family::ipv6,
                                       .hook = bl::netfilter_hook::local_in,
                                       .priority = -7};

} // namespace

TEST_CASE_FIXTURE(with_program, "family, hook, priority and defragmentation go to the kernel") {
    auto const link = bl::attach(held, incoming);
    REQUIRE(succeeded(link));
    CHECK(system_calls() == 1);
    CHECK(last_create.prog_fd == static_cast<std::uint32_t>(held.fd().get()));
    CHECK(last_create.target == 0);
    CHECK(last_create.attach_type == 45);
    CHECK(last_create.flags == 0);
    CHECK(last_create.netfilter.pf == 10);
    CHECK(last_create.netfilter.hooknum == 1);
    CHECK(last_create.netfilter.priority == -7);
    CHECK(last_create.netfilter.flags == 0);

    REQUIRE(
        succeeded(bl::attach(held, bl::hook::netfilter{.protocol_family = bl::protocol_family::ipv4,
                                                       .hook = bl::netfilter_hook::postrouting,
                                                       .priority = 100,
                                                       .defragment = true})));
    CHECK(last_create.netfilter.pf == 2);
    CHECK(last_create.netfilter.hooknum == 4);
    CHECK(last_create.netfilter.priority == 100);
    CHECK(last_create.netfilter.flags == 1);
}

TEST_CASE_FIXTURE(with_program, "every hook has the kernel's number and a name") {
    for (auto const& [name, number] :
         std::vector<std::pair<char const*, unsigned>>{{"prerouting", 0},
                                                       {"local_in", 1},
                                                       {"forward", 2},
                                                       {"local_out", 3},
                                                       {"postrouting", 4},
                                                       {"hook 5", 5}}) {
        fail(call::link_create, ENOMEM);
        auto const link =
            bl::attach(held, bl::hook::netfilter{.protocol_family = bl::protocol_family::ipv4,
                                                 .hook = static_cast<bl::netfilter_hook>(number)});
        CHECK(last_create.netfilter.hooknum == 0); // never reached
        check_error(link, ENOMEM, bl::operation::link_create, no_condition,
                    {"ipv4", name, "priority 0"});
    }
    fail(call::link_create, EAFNOSUPPORT);
    check_error(bl::attach(held, bl::hook::netfilter{.protocol_family =
                                                         static_cast<bl::protocol_family>(1)}),
                EAFNOSUPPORT, bl::operation::link_create, bl::errc::invalid_argument,
                {"family 1", "neither ipv4 nor ipv6"});
}

TEST_CASE_FIXTURE(with_program, "netfilter says what is in the way") {
    auto const check = [&](int number, bl::hook::netfilter const& where, bl::errc condition,
                           std::initializer_list<std::string_view> texts) {
        CAPTURE(number);
        fail(call::link_create, number);
        check_error(bl::attach(held, where), number, bl::operation::link_create, condition, texts);
        CHECK(newest_link() == nullptr);
    };
    constexpr auto wrong = bl::errc::invalid_argument;
    constexpr auto lacks = bl::errc::not_supported;
    auto whole = incoming;
    whole.defragment = true;
    check(EBUSY, incoming, bl::errc::hook_busy, {"has this priority: take another"});
    check(EBUSY, whole, bl::errc::hook_busy, {"; something on the hook has this priority"});
    check(ETIME, whole, no_condition, {"50 modules", "load nf_defrag_ipv4"});
    check(EAFNOSUPPORT, whole, lacks, {"without defragmentation"});
    check(EPROTO, incoming, wrong, {"no such hook"});
    check(EOPNOTSUPP, whole, lacks, {"(6.6 can)"});
    check(E2BIG, incoming, no_condition, {"1024 functions"});
    check(EINVAL, whole, lacks, {"load nf_defrag_ipv4"});
    check(ENOENT, whole, lacks, {"module for defragmentation is missing"});
    check(ENOSYS, whole, lacks, {"no module for defragmentation"});
    auto lowest = incoming;
    lowest.priority = std::numeric_limits<std::int32_t>::min();
    check(ERANGE, lowest, wrong, {"the lowest and the highest"});
    whole.priority = -400;
    check(ERANGE, whole, wrong, {"take one above"});
}

// E21
TEST_CASE_FIXTURE(with_program, "a kernel with netfilter links is not said to have none") {
    held.owned = open(add_program(bl::program_type::xdp));
    fail(call::link_create, EINVAL);
    check_error(bl::attach(held, incoming), EINVAL, bl::operation::link_create,
                bl::errc::invalid_argument,
                {"netfilter ipv6 local_in, priority -7", "of type xdp, and netfilter is needed"});
}
