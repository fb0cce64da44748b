// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/program_ref.hpp>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

struct with_program : machine {
    fake::program& prog = add_program(bl::program_type::xdp);
    typed_program<bl::program_type::xdp> held{{open(prog)}};
};

} // namespace

TEST_CASE_FIXTURE(with_program, "XDP attaches to an interface in one system call") {
    {
        auto const link = bl::attach(held, bl::hook::xdp{.ifindex = bl::ifindex{2}});
        REQUIRE(succeeded(link));
        static_assert(std::is_same_v<decltype(link), bl::result<bl::xdp_link> const>);
        CHECK(system_calls() == 1);
        CHECK(last_create.prog_fd == static_cast<std::uint32_t>(held.fd().get()));
        CHECK(last_create.target == 2);
        CHECK(last_create.attach_type == 37);
        CHECK(last_create.flags == 0);
        CHECK_FALSE(link->is_pinned());
        auto const details = link->details();
        REQUIRE(succeeded(details));
        CHECK(details->ifindex == bl::ifindex{2});
        CHECK(newest_link() != nullptr);
    }
    CHECK(newest_link() == nullptr); // detached with its handle
}

TEST_CASE_FIXTURE(with_program, "the mode goes to the kernel as a flag") {
    for (auto const& [mode, flags] :
         std::vector<std::pair<bl::xdp_mode, unsigned>>{{bl::xdp_mode::automatic, 0},
                                                        {bl::xdp_mode::generic, 1U << 1},
                                                        {bl::xdp_mode::driver, 1U << 2},
                                                        {bl::xdp_mode::offload, 1U << 3}}) {
        auto const link = bl::attach(held, bl::hook::xdp{bl::ifindex{2}, mode});
        REQUIRE(succeeded(link));
        CHECK(last_create.flags == flags);
    }
}

TEST_CASE_FIXTURE(with_program, "an interface that is occupied is busy") {
    auto const first = bl::attach(held, bl::hook::xdp{bl::ifindex{2}});
    REQUIRE(succeeded(first));
    auto const second = bl::attach(held, bl::hook::xdp{bl::ifindex{2}});
    REQUIRE_FALSE(second);
    check_error(second.error(), EBUSY, bl::operation::link_create, bl::errc::hook_busy,
                {"interface 2", "another XDP program"});
}

TEST_CASE_FIXTURE(with_program, "an interface that is not there is not found") {
    auto const link = bl::attach(held, bl::hook::xdp{bl::ifindex{99}});
    REQUIRE_FALSE(link);
    check_error(link.error(), EINVAL, bl::operation::link_create, bl::errc::not_found,
                {"interface 99", "no such interface"});
}

TEST_CASE_FIXTURE(with_program, "each refusal has its condition and its advice") {
    struct row {
        int number;
        bl::xdp_mode mode;
        bl::errc condition;
        char const* advice;
    };
    using bl::xdp_mode;
    for (row const& each : {
             row{EEXIST, xdp_mode::automatic, bl::errc::already_exists, "another mode"},
             row{EOPNOTSUPP, xdp_mode::automatic, bl::errc::not_supported, "takes no XDP"},
             row{EOPNOTSUPP, xdp_mode::generic, bl::errc::not_supported, "takes no XDP"},
             row{EOPNOTSUPP, xdp_mode::driver, bl::errc::not_supported, "xdp_mode::generic"},
             row{EOPNOTSUPP, xdp_mode::offload, bl::errc::not_supported, "xdp_mode::generic"},
             row{EPERM, xdp_mode::automatic, bl::errc::permission_denied, "security module"},
             row{EBADF, xdp_mode::automatic, bl::errc::invalid_argument, ""},
             row{ENOMEM, xdp_mode::automatic, no_condition, ""},
         }) {
        CAPTURE(each.number);
        fail(call::link_create, each.number);
        auto const link = bl::attach(held, bl::hook::xdp{bl::ifindex{2}, each.mode});
        REQUIRE_FALSE(link);
        check_error(link.error(), each.number, bl::operation::link_create, each.condition,
                    {"interface 2", each.advice});
        CHECK(newest_link() == nullptr);
    }
}

TEST_CASE_FIXTURE(with_program, "a program loaded for another attach type is refused by name") {
    for (auto const expected : {bl::attach_type::xdp_devmap, bl::attach_type::xdp_cpumap}) {
        bpf_program const loaded{"redirect", bl::program_type::xdp, expected, held.fd().get()};
        auto const ref = bl::program_ref<bl::program_type::xdp>::from(&loaded);
        REQUIRE(succeeded(ref));
        auto const link = bl::attach(*ref, bl::hook::xdp{bl::ifindex{2}});
        REQUIRE_FALSE(link);
        check_error(link.error(), EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                    {"interface 2", to_string(expected), "xdp is needed"});
    }
    CHECK(system_calls() == 0);
    for (auto const expected : {bl::attach_type::xdp, bl::attach_type{}}) {
        bpf_program const loaded{"pass", bl::program_type::xdp, expected, held.fd().get()};
        auto const ref = bl::program_ref<bl::program_type::xdp>::from(&loaded);
        REQUIRE(succeeded(ref));
        CHECK(succeeded(bl::attach(*ref, bl::hook::xdp{bl::ifindex{2}})));
    }
}

TEST_CASE_FIXTURE(with_program, "a program without a descriptor is refused") {
    auto const link =
        bl::attach(typed_program<bl::program_type::xdp>{}, bl::hook::xdp{bl::ifindex{2}});
    REQUIRE_FALSE(link);
    check_error(link.error(), EBADF, bl::operation::link_create, bl::errc::invalid_argument);
}
