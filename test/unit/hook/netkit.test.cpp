// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/netkit.hpp>
#include <bpflink/program_ref.hpp>

#include <type_traits>

namespace {

struct with_program : machine {
    fake::program& prog = add_program(bl::program_type::sched_cls);
    typed_program<bl::program_type::sched_cls> held{{open(prog)}};
};

} // namespace

TEST_CASE_FIXTURE(with_program,
                  "netkit attaches to either side of an interface in one system call") {
    for (auto const attach : {bl::attach_type::netkit_primary, bl::attach_type::netkit_peer}) {
        forget_calls();
        auto const link =
            bl::attach(held, bl::hook::netkit{.ifindex = bl::ifindex{2}, .attach = attach});
        REQUIRE(succeeded(link));
        static_assert(std::is_same_v<decltype(link), bl::result<bl::netkit_link> const>);
        CHECK(system_calls() == 1);
        CHECK(last_create.prog_fd == static_cast<std::uint32_t>(held.fd().get()));
        CHECK(last_create.target == 2);
        CHECK(last_create.attach_type == static_cast<unsigned>(attach));
        CHECK(last_create.flags == 0);
        auto const details = link->details();
        REQUIRE(succeeded(details));
        CHECK(details->ifindex == bl::ifindex{2});
        CHECK(details->attach == attach);
    }
    CHECK(newest_link() == nullptr); // detached with its handle
    CHECK(static_cast<unsigned>(bl::attach_type::netkit_primary) == 54);
    CHECK(static_cast<unsigned>(bl::attach_type::netkit_peer) == 55);
}

TEST_CASE_FIXTURE(with_program, "netkit takes no other hook's attach type") {
    for (auto const attach :
         {bl::attach_type{}, bl::attach_type::xdp, bl::attach_type::tcx_egress}) {
        auto const link =
            bl::attach(held, bl::hook::netkit{.ifindex = bl::ifindex{2}, .attach = attach});
        REQUIRE_FALSE(link);
        check_error(link.error(), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                    {"interface 2", to_string(attach), "not of netkit"});
    }
    CHECK(system_calls() == 0);
}

TEST_CASE_FIXTURE(with_program, "each refusal of netkit has its condition and its advice") {
    struct row {
        int number;
        bl::errc condition;
        char const* advice;
    };
    for (row const& each : {
             row{ENODEV, bl::errc::not_found, "no such interface"},
             row{ENXIO, bl::errc::not_found, "no netkit device"},
             row{EACCES, bl::errc::invalid_argument, "peer"},
             row{ENOENT, bl::errc::not_found, "the order names"},
             row{EEXIST, bl::errc::already_exists, "takes it once"},
             row{ESTALE, bl::errc::stale_revision, "query it again"},
             row{EINVAL, bl::errc::not_supported, "this kernel has no netkit"},
             row{ERANGE, no_condition, "63 programs"},
             row{EPERM, bl::errc::permission_denied, "CAP_NET_ADMIN"},
             row{EBADF, bl::errc::invalid_argument, ""},
             row{ENOMEM, no_condition, ""},
         }) {
        CAPTURE(each.number);
        fail(call::link_create, each.number);
        auto const link =
            bl::attach(held, bl::hook::netkit{.ifindex = bl::ifindex{2},
                                              .attach = bl::attach_type::netkit_primary});
        REQUIRE_FALSE(link);
        check_error(link.error(), each.number, bl::operation::link_create, each.condition,
                    {"interface 2", each.advice});
        CHECK(newest_link() == nullptr);
    }
}

// E10
TEST_CASE_FIXTURE(machine,
                  "without attach, netkit takes the type that the program was loaded for") {
    auto const fd = open(add_program(bl::program_type::sched_cls));
    bpf_program const facts{"prog", bl::program_type::sched_cls, bl::attach_type::netkit_peer,
                            fd.get()};
    auto const prog = *bl::program_ref<bl::program_type::sched_cls>::from(&facts);
    REQUIRE(succeeded(bl::attach(prog, bl::hook::netkit{.ifindex = bl::ifindex{2}})));
    CHECK(last_create.attach_type == 55);
}
