// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/netfilter.hpp>

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
        REQUIRE_FALSE(link);
        check_error(link.error(), ENOMEM, bl::operation::link_create, no_condition,
                    {"ipv4", name, "priority 0"});
    }
    fail(call::link_create, EAFNOSUPPORT);
    auto const both = bl::attach(
        held, bl::hook::netfilter{.protocol_family = static_cast<bl::protocol_family>(1)});
    REQUIRE_FALSE(both);
    check_error(both.error(), EAFNOSUPPORT, bl::operation::link_create, bl::errc::invalid_argument,
                {"family 1", "neither ipv4 nor ipv6"});
}

TEST_CASE_FIXTURE(with_program, "each refusal has its condition and its advice") {
    struct row {
        int number;
        bool defragment;
        bl::errc condition;
        char const* advice;
    };
    for (row const& each : {
             row{EBUSY, false, bl::errc::hook_busy, "take another"},
             row{EAFNOSUPPORT, true, bl::errc::invalid_argument, "defragmented"},
             row{EPROTO, false, bl::errc::invalid_argument, "no such hook"},
             row{ERANGE, false, bl::errc::invalid_argument, "lowest and the highest"},
             row{ERANGE, true, bl::errc::invalid_argument, "above -400"},
             row{EOPNOTSUPP, true, bl::errc::not_supported, "defragment"},
             row{EINVAL, false, bl::errc::not_supported, "no netfilter links"},
             row{EPERM, false, bl::errc::permission_denied, "CAP_NET_ADMIN"},
             row{ENOMEM, false, no_condition, ""},
         }) {
        CAPTURE(each.number);
        fail(call::link_create, each.number);
        auto where = incoming;
        where.defragment = each.defragment;
        auto const link = bl::attach(held, where);
        REQUIRE_FALSE(link);
        check_error(link.error(), each.number, bl::operation::link_create, each.condition,
                    {"netfilter ipv6 local_in, priority -7", each.advice});
        CHECK(newest_link() == nullptr);
    }
}
