// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"
#include "traffic.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <string>

#include <bpf/bpf.h>

namespace bl = bpflink;

namespace {

constexpr auto egress = bl::attach_type::cgroup_inet_egress;

/// An XDP link on lo that runs xdp_a.
struct on_loopback {
    sandbox::network net;
    programs p{"xdp_a", "xdp_b"};
    bl::xdp_link link = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));

    std::uint64_t runs(std::string_view name) const {
        return p.runs_during(name, [&] { net.send_to_loopback(3); });
    }
};

std::string number(bl::program_id id) {
    return std::to_string(id.value());
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "compare-and-swap swaps the program that was expected") {
    on_loopback lo;
    must(lo.link.update(lo.p.xdp("xdp_b"), bl::expecting(lo.p.xdp("xdp_a"))));
    CHECK(lo.runs("xdp_b") == 3);
    CHECK(lo.p.runs("xdp_a") == 0);
    CHECK(must(lo.link.info()).program == lo.p.program_id("xdp_b"));

    must(lo.link.update(lo.p.xdp("xdp_a"), bl::expecting(lo.p.xdp("xdp_b"))));
    CHECK(lo.runs("xdp_a") == 3);
}

TEST_CASE_FIXTURE(kernel_case, "compare-and-swap leaves a program that was not expected") {
    on_loopback lo;
    auto const swapped = lo.link.update(lo.p.xdp("xdp_b"), bl::expecting(lo.p.xdp("xdp_b")));
    check_error(swapped, bl::errc::program_mismatch,
                {"link_update", "(xdp)", "runs program " + number(lo.p.program_id("xdp_a")),
                 "program " + number(lo.p.program_id("xdp_b")) + " was expected"});
    CHECK(swapped.error().code().value() == EPERM);
    CHECK(swapped.error() != bl::errc::permission_denied);
    CHECK(lo.runs("xdp_a") == 3);
    CHECK(lo.p.runs("xdp_b") == 0);
    CHECK(must(lo.link.info()).program == lo.p.program_id("xdp_a"));
}

TEST_CASE_FIXTURE(kernel_case,
                  "compare-and-swap expects a program, whichever descriptor names it") {
    on_loopback lo;
    auto const by_id = must(bl::program::from_id(lo.p.program_id("xdp_a")));
    must(lo.link.update(lo.p.xdp("xdp_b"), bl::expecting(by_id)));
    CHECK(lo.runs("xdp_b") == 3);
}

TEST_CASE_FIXTURE(kernel_case, "compare-and-swap on a cgroup and on an iterator") {
    sandbox::cgroup const group;
    programs const p{"egress_a", "egress_b", "iter_tasks", "iter_tasks_b"};
    auto c = must(bl::attach(p.skb("egress_a"), bl::hook::cgroup{group.path(), egress}));
    check_error(c.update(p.skb("egress_b"), bl::expecting(p.skb("egress_b"))),
                bl::errc::program_mismatch);
    CHECK(must(c.info()).program == p.program_id("egress_a"));
    must(c.update(p.skb("egress_b"), bl::expecting(p.skb("egress_a"))));
    CHECK(must(c.info()).program == p.program_id("egress_b"));

    auto i = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    check_error(i.update(p.iter("iter_tasks_b"), bl::expecting(p.iter("iter_tasks_b"))),
                bl::errc::program_mismatch, {"(iter)"});
    CHECK(must(i.info()).program == p.program_id("iter_tasks"));
    must(i.update(p.iter("iter_tasks_b"), bl::expecting(p.iter("iter_tasks"))));
    CHECK(must(i.info()).program == p.program_id("iter_tasks_b"));
}

TEST_CASE_FIXTURE(kernel_case, "updating to the program that runs already changes nothing") {
    on_loopback lo;
    sandbox::cgroup const group;
    programs const p{"egress_a"};
    must(lo.link.update(lo.p.xdp("xdp_a")));
    must(lo.link.update(lo.p.xdp("xdp_a"), bl::expecting(lo.p.xdp("xdp_a"))));
    CHECK(lo.runs("xdp_a") == 3);

    auto c = must(bl::attach(p.skb("egress_a"), bl::hook::cgroup{group.path(), egress}));
    must(c.update(p.skb("egress_a")));
    must(c.update(p.skb("egress_a"), bl::expecting(p.skb("egress_a"))));
    CHECK(must(c.info()).program == p.program_id("egress_a"));
}

TEST_CASE_FIXTURE(kernel_case, "a program of another type is refused with both types named") {
    on_loopback lo;
    programs const p{"egress_a"};
    bl::link l = std::move(lo.link);
    check_error(l.update(p.skb("egress_a")), bl::errc::invalid_argument,
                {"link_update", "(xdp)", "program " + number(p.program_id("egress_a")),
                 "cgroup_skb", "type xdp"});
    CHECK(lo.runs("xdp_a") == 3);
}

TEST_CASE_FIXTURE(kernel_case, "a program of the right type for another place is refused") {
    on_loopback lo;
    bl::unique_fd devmap;
    try {
        devmap = load_constant(bl::program_type::xdp, bl::attach_type::xdp_devmap, XDP_PASS);
    } catch (std::system_error const& e) {
        return skip_case(std::string{"no programs for a devmap: "} + e.what());
    }
    auto const prog = must(programs::xdp_ref::from_fd(devmap));
    check_error(lo.link.update(prog), bl::errc::invalid_argument, {"expected attach type"});
    CHECK(lo.runs("xdp_a") == 3);
}

TEST_CASE_FIXTURE(kernel_case, "a cgroup's link takes no program for another attach type") {
    sandbox::cgroup const group;
    using sock_addr = bl::program_ref<bl::program_type::cgroup_sock_addr>;
    auto const load = [](bl::attach_type attach) {
        return load_constant(bl::program_type::cgroup_sock_addr, attach, 1);
    };
    auto const fd4 = load(bl::attach_type::cgroup_inet4_connect);
    auto const fd6 = load(bl::attach_type::cgroup_inet6_connect);
    auto const v4 = must(sock_addr::from_fd(fd4)), v6 = must(sock_addr::from_fd(fd6));
    auto const ipv4 = bl::attach_type::cgroup_inet4_connect;
    auto link = must(bl::attach(v4, bl::hook::cgroup{group.path(), ipv4}));
    auto const runs = must(link.info()).program;
    // A descriptor does not tell what its program was loaded for.
    check_error(link.update(v6), bl::errc::invalid_argument,
                {"(cgroup)", "loaded for another attach type, and cgroup_inet4_connect is"});
    CHECK(must(link.info()).program == runs);
    must(link.update(v4));
}

TEST_CASE_FIXTURE(kernel_case, "a cgroup's ingress takes no program that only egress may run") {
    sandbox::cgroup const group;
    using filter = constant_program<bl::program_type::cgroup_skb>;
    auto const in = bl::attach_type::cgroup_inet_ingress;
    bl::hook::cgroup const where{group.path(), in};
    filter const lets_pass{1, in}, of_egress{1, egress};
    filter const congested{2, egress}; // "drop", which ingress would take for "let it pass"
    check_error(bl::attach(congested, where), bl::errc::invalid_argument, {"another attach type"});
    auto link = must(bl::attach(lets_pass, where));
    check_error(link.update(congested), bl::errc::invalid_argument,
                {"(cgroup)", "loaded for another attach type, and cgroup_inet_ingress is"});
    CHECK(must(link.info()).program == id_of_program(lets_pass.fd()));
    must(link.update(of_egress)); // as it may be attached there
    CHECK(must(link.info()).program == id_of_program(of_egress.fd()));
}

TEST_CASE_FIXTURE(kernel_case, "a link closed behind its handle is told from a closed program") {
    on_loopback lo;
    constexpr auto wrong = bl::errc::invalid_argument;
    auto gone = must(bl::link::duplicate(lo.link.fd()));
    REQUIRE(::close(gone.fd().get()) == 0);
    check_error(gone.update(lo.p.xdp("xdp_b")), wrong, {"EBADF", "closed behind its handle"});
    check_error(gone.detach(), wrong, {"EBADF", "closed behind its handle"});
    sandbox::bpffs const fs;
    check_error(gone.pin(fs.path() / "link"), wrong, {"EINVAL", "closed behind its handle"});
    static_cast<void>(gone.release().release());
}

TEST_CASE_FIXTURE(kernel_case, "what is no program is refused, and the link runs what it ran") {
    on_loopback lo;
    bl::link l = std::move(lo.link);
    struct any {
        bl::fd_view descriptor;
        [[nodiscard]] bl::fd_view fd() const { return descriptor; }
    };
    auto const map = make_map();
    check_error(l.update(any{map}), bl::errc::invalid_argument, {"link_update", "(xdp)"});
    check_error(l.update(any{l.fd()}), bl::errc::invalid_argument);
    check_error(l.update(any{bl::fd_view{987'654}}), bl::errc::invalid_argument, {"EBADF"});
    check_error(l.update(any{}), bl::errc::invalid_argument, {"EBADF"});
    check_error(l.update(lo.p.xdp("xdp_b"), bl::expecting(any{map})), bl::errc::invalid_argument);
    CHECK(lo.runs("xdp_a") == 3);
    CHECK(lo.p.runs("xdp_b") == 0);
}

TEST_CASE_FIXTURE(kernel_case,
                  "an expected program without a descriptor is not an update without one") {
    on_loopback lo;
    auto const nothing = bl::program{};
    CHECK_FALSE(lo.link.update(lo.p.xdp("xdp_b"), bl::expecting(nothing)));
    CHECK(lo.runs("xdp_a") == 3);
    CHECK(lo.p.runs("xdp_b") == 0);
}

TEST_CASE_FIXTURE(kernel_case, "updating by one handle is seen by another") {
    on_loopback lo;
    auto other = must(bl::xdp_link::duplicate(lo.link.fd()));
    must(other.update(lo.p.xdp("xdp_b")));
    CHECK(must(lo.link.info()).program == lo.p.program_id("xdp_b"));
    must(other.detach());
    CHECK(lo.link.state() == bl::link_state::defunct);
    check_error(lo.link.update(lo.p.xdp("xdp_a")), bl::errc::defunct, {"detached"});
    check_error(lo.link.update(lo.p.xdp("xdp_a"), bl::expecting(lo.p.xdp("xdp_b"))),
                bl::errc::defunct);
}

TEST_CASE_FIXTURE(kernel_case, "no packet goes unseen while programs are swapped") {
    on_loopback lo;
    auto const before = lo.p.runs("xdp_a") + lo.p.runs("xdp_b");
    for (int i = 0; i != 100; ++i) {
        must(lo.link.update(lo.p.xdp(i % 2 == 0 ? "xdp_b" : "xdp_a")));
        lo.net.send_to_loopback(1);
    }
    CHECK(lo.p.runs("xdp_a") + lo.p.runs("xdp_b") - before == 100);
    CHECK(lo.p.runs("xdp_a") == 50);
}
