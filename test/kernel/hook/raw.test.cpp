// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <string>

#include <fcntl.h>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;

TEST_CASE_FIXTURE(kernel_case, "hook::raw attaches XDP to an interface") {
    sandbox::network net;
    programs const p{"xdp_a", "xdp_b"};
    constexpr std::uint32_t generic = 2; // XDP_FLAGS_SKB_MODE
    auto const send = [&] { net.send_to_loopback(3); };
    bl::link l = must(bl::attach(
        p.xdp("xdp_a"),
        bl::hook::raw{.target = net.loopback(), .attach = bl::attach_type::xdp, .flags = generic}));
    CHECK(p.runs_during("xdp_a", send) == 3);
    auto const info = must(l.info());
    CHECK(info.type == bl::link_type::xdp);
    CHECK(std::get<bl::xdp_details>(info.details).ifindex == net.loopback());

    must(l.update(p.xdp("xdp_b")));
    CHECK(p.runs_during("xdp_b", send) == 3);
    auto typed = must(std::move(l).as<bl::xdp_link>());
    must(typed.detach());
    CHECK(p.runs_during("xdp_b", send) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "hook::raw attaches to a cgroup's descriptor") {
    sandbox::network const net;
    sandbox::cgroup group;
    programs const p{"egress_a"};
    bl::unique_fd const directory{::open(group.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    auto l = must(bl::attach(p.skb("egress_a"),
                             bl::hook::raw{.target = bl::fd_view{directory},
                                           .attach = bl::attach_type::cgroup_inet_egress}));
    group.enter();
    CHECK(p.runs_during("egress_a", [&] { net.send_to_loopback(3); }) == 3);
    CHECK(must(l.info()).type == bl::link_type::cgroup);
    must(l.close());
    CHECK(p.runs_during("egress_a", [&] { net.send_to_loopback(3); }) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "hook::raw attaches without a target") {
    programs const p{"iter_tasks"};
    bl::link l = must(bl::attach(
        p.iter("iter_tasks"), bl::hook::raw{.target = {}, .attach = bl::attach_type::trace_iter}));
    auto output = must(bl::iter_output::open(l.fd()));
    CHECK(must(output.read_all()).starts_with("task "));
    CHECK(p.runs("iter_tasks") >= 1);
}

TEST_CASE_FIXTURE(kernel_case, "hook::raw attaches tracing, or tells which hook does") {
    auto const target = kernel_function("bpf_fentry_test1");
    if (!target) return;
    auto const p = counted_program::load(program_type::tracing, attach_type::trace_fentry,
                                         {.target = *target});
    if (!p || !call_traced_functions()) return;
    auto const link = bl::attach(p->as<program_type::tracing>(),
                                 bl::hook::raw{.target = {}, .attach = attach_type::trace_fentry});
    if (link) {
        CHECK(p->runs_during(call_traced_functions) == 1);
    } else {
        check_error(link, bl::errc::not_supported, {"; before 5.19", "attach by hook::tracing"});
        auto const by_it = must(bl::attach(p->as<program_type::tracing>(), bl::hook::tracing{}));
        CHECK(p->runs_during(call_traced_functions) == 1);
    }
}

TEST_CASE_FIXTURE(kernel_case,
                  "hook::raw passes on what the kernel refuses, with the attach type") {
    sandbox::network net;
    programs const p{"xdp_a", "egress_a"};
    check_error(bl::attach(p.skb("egress_a"),
                           bl::hook::raw{.target = net.loopback(), .attach = bl::attach_type::xdp}),
                bl::errc::invalid_argument,
                {"link_create", "attach type xdp", "of type cgroup_skb, and xdp is needed"});
    check_error(bl::attach(p.xdp("xdp_a"), bl::hook::raw{.target = bl::ifindex{0x7fff'fff0},
                                                         .attach = bl::attach_type::xdp}),
                bl::errc::not_found, {"EINVAL", "no such interface"});
    check_error(bl::attach(p.xdp("xdp_a"), bl::hook::raw{.target = net.loopback(),
                                                         .attach = bl::attach_type::xdp,
                                                         .flags = 0x8000'0000U}),
                bl::errc::invalid_argument);
    auto const no_such_type =
        bl::attach(p.xdp("xdp_a"), bl::hook::raw{.target = bl::fd_view{},
                                                 .attach = static_cast<bl::attach_type>(4'711)});
    REQUIRE_FALSE(no_such_type);
    CHECK_FALSE(no_such_type.error().condition());
    auto const message = no_such_type.error().message();
    CAPTURE(message);
    CHECK(message.find("one of: ") != std::string::npos);
    CHECK(message.find("this kernel has no links of this attach type") != std::string::npos);
    auto const first = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));
    check_error(bl::attach(p.xdp("xdp_a"),
                           bl::hook::raw{.target = net.loopback(), .attach = bl::attach_type::xdp}),
                bl::errc::hook_busy);
}
