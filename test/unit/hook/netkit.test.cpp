// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/netkit.hpp>

// tcx.test.cpp has what both have in common.

TEST_CASE_FIXTURE(machine, "a netkit device is told from its peer, and from what is none") {
    typed_program<bl::program_type::sched_cls> const prog{
        {open(add_program(bl::program_type::sched_cls))}};
    auto const check = [&](int number, bl::errc condition, std::string_view text) {
        fail(call::link_create, number);
        auto const link =
            bl::attach(prog, bl::hook::netkit{.ifindex = bl::ifindex{2},
                                              .attach = bl::attach_type::netkit_primary});
        check_error(link, number, bl::operation::link_create, condition, {text});
    };
    check(ENXIO, bl::errc::not_found, "not a netkit device");
    check(ENODEV, bl::errc::not_found, "has no peer any more"); // the interface is there
    check(EOPNOTSUPP, bl::errc::not_supported, "use a pair");
    fail(call::prog_query, ENODEV);
    check(EACCES, bl::errc::invalid_argument, "name the primary device");
    fail(call::prog_query, EACCES);
    check(EACCES, no_condition, "or a security module refuses it");
}
