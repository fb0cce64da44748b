// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"
#include "traffic.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <limits>
#include <optional>
#include <system_error>

namespace bl = bpflink;

namespace {

/// A pair of devices; nothing, with the reason said, where the kernel has no such driver.
std::optional<sandbox::network::veth> add_veth(sandbox::network& net) {
    try {
        return net.add_veth();
    } catch (std::system_error const& e) {
        if (e.code().value() != EOPNOTSUPP) throw;
        skip_case(std::string{"no veth driver: "} + e.what());
        return std::nullopt;
    }
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "an XDP link on lo runs its program until it closes") {
    sandbox::network net;
    programs const p{"xdp_a", "xdp_b"};
    auto const send = [&] { net.send_to_loopback(3); };
    CHECK(p.runs_during("xdp_a", send) == 0);

    auto l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));
    CHECK(p.runs_during("xdp_a", send) == 3);
    CHECK(l.state() == bl::link_state::attached);

    auto const id = must(l.info()).id;
    SUBCASE("by close()") {
        must(l.close());
        CHECK_FALSE(l);
    }
    SUBCASE("by its destructor") {
        bl::xdp_link const ends = std::move(l);
    }
    SUBCASE("by assignment") {
        l = {};
    }
    CHECK(is_gone(id));
    CHECK(p.runs_during("xdp_a", send) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "updating an XDP link swaps the program that packets meet") {
    sandbox::network net;
    programs const p{"xdp_a", "xdp_b"};
    auto l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));
    auto const id = must(l.info()).id;

    must(l.update(p.xdp("xdp_b")));
    auto const a = p.runs("xdp_a");
    CHECK(p.runs_during("xdp_b", [&] { net.send_to_loopback(3); }) == 3);
    CHECK(p.runs("xdp_a") == a);

    auto const info = must(l.info());
    CHECK(info.id == id);
    CHECK(info.program == p.program_id("xdp_b"));
}

TEST_CASE_FIXTURE(kernel_case, "a detached XDP link is a shell that can be detached again") {
    sandbox::network net;
    programs const p{"xdp_a", "xdp_b"};
    auto l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));

    must(l.detach());
    CHECK(p.runs_during("xdp_a", [&] { net.send_to_loopback(3); }) == 0);
    CHECK(l.state() == bl::link_state::defunct);
    CHECK(must(l.details()).ifindex == bl::ifindex{0});
    must(l.detach());
    CHECK(l.state() == bl::link_state::defunct);

    auto const again = must(bl::attach(p.xdp("xdp_b"), bl::hook::xdp{.ifindex = net.loopback()}));
    CHECK(p.runs_during("xdp_b", [&] { net.send_to_loopback(3); }) == 3);
    check_error(l.update(p.xdp("xdp_a")), bl::errc::defunct, {"attach again"});
}

TEST_CASE_FIXTURE(kernel_case, "an XDP link's info tells the interface, the program and the kind") {
    sandbox::network net;
    programs const p{"xdp_a"};
    auto const l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));
    auto const info = must(l.info());
    CHECK(info.type == bl::link_type::xdp);
    CHECK(info.program == p.program_id("xdp_a"));
    CHECK(info.id != bl::link_id{0});
    REQUIRE(std::holds_alternative<bl::xdp_details>(info.details));
    CHECK(std::get<bl::xdp_details>(info.details).ifindex == net.loopback());
    CHECK(must(l.details()).ifindex == net.loopback());
}

TEST_CASE_FIXTURE(kernel_case, "XDP runs on a veth in both modes") {
    sandbox::network net;
    auto const pair = add_veth(net);
    if (!pair) return;
    programs const p{"xdp_a", "xdp_b"};
    frame_receiver const arrived{pair->here};
    auto const send = [&] {
        net.send_from(pair->there, 4);
        arrived.receive(4);
    };
    bl::xdp_mode mode{};
    SUBCASE("generic") {
        mode = bl::xdp_mode::generic;
    }
    SUBCASE("driver") {
        mode = bl::xdp_mode::driver;
    }
    SUBCASE("automatic") {
        mode = bl::xdp_mode::automatic;
    }
    auto l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = pair->here, .mode = mode}));
    CHECK(must(l.details()).ifindex == pair->here);
    CHECK(p.runs_during("xdp_a", send) >= 4);

    must(l.update(p.xdp("xdp_b")));
    send(); // what was on its way meets the old program yet
    auto const a = p.runs("xdp_a");
    CHECK(p.runs_during("xdp_b", send) >= 4);
    CHECK(p.runs("xdp_a") == a);

    must(l.detach());
    send();
    CHECK(p.runs_during("xdp_b", send) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "an XDP link is defunct when its device is removed") {
    sandbox::network net;
    auto const pair = add_veth(net);
    if (!pair) return;
    programs const p{"xdp_a", "xdp_b"};
    auto l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = pair->here}));
    auto const id = must(l.info()).id;

    net.remove(pair->here);
    CHECK(l.state() == bl::link_state::defunct);
    CHECK(must(l.details()).ifindex == bl::ifindex{0});
    CHECK(must(l.info()).id == id);
    check_error(l.update(p.xdp("xdp_b")), bl::errc::defunct, {"defunct", "device"});
    check_error(l.update(p.xdp("xdp_b"), bl::expecting(p.xdp("xdp_a"))), bl::errc::defunct);
    must(l.detach()); // nothing is left to detach
}

TEST_CASE_FIXTURE(kernel_case, "an interface with an XDP link is busy for another") {
    sandbox::network net;
    programs const p{"xdp_a", "xdp_b"};
    auto const first = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));
    auto const second = bl::attach(p.xdp("xdp_b"), bl::hook::xdp{.ifindex = net.loopback()});
    check_error(second, bl::errc::hook_busy, {"link_create", "interface 1", "EBUSY", "update"});
    CHECK(second.error().code() == std::errc::device_or_resource_busy);
    CHECK(p.runs_during("xdp_a", [&] { net.send_to_loopback(2); }) == 2);
    CHECK(p.runs("xdp_b") == 0);
}

TEST_CASE_FIXTURE(kernel_case, "an interface takes XDP in one mode at a time") {
    sandbox::network net;
    auto const pair = add_veth(net);
    if (!pair) return;
    programs const p{"xdp_a", "xdp_b"};
    auto const first = must(bl::attach(
        p.xdp("xdp_a"), bl::hook::xdp{.ifindex = pair->here, .mode = bl::xdp_mode::generic}));
    check_error(bl::attach(p.xdp("xdp_b"),
                           bl::hook::xdp{.ifindex = pair->here, .mode = bl::xdp_mode::driver}),
                bl::errc::already_exists, {"another mode"});
}

TEST_CASE_FIXTURE(kernel_case, "XDP is refused where there is no interface") {
    sandbox::network const net;
    programs const p{"xdp_a"};
    for (auto const index : {0U, 4711U, std::numeric_limits<unsigned>::max()})
        check_error(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = bl::ifindex{index}}),
                    bl::errc::not_found,
                    {"interface " + std::to_string(index), "no such interface"});
}

TEST_CASE_FIXTURE(kernel_case, "a driver without XDP is told from an interface without any") {
    sandbox::network net;
    programs const p{"xdp_a"};
    check_error(bl::attach(p.xdp("xdp_a"),
                           bl::hook::xdp{.ifindex = net.loopback(), .mode = bl::xdp_mode::driver}),
                bl::errc::not_supported, {"xdp_mode::generic"});
    auto const both = static_cast<bl::xdp_mode>(6);
    check_error(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback(), .mode = both}),
                bl::errc::invalid_argument, {"mode"});
    CHECK(p.runs_during("xdp_a", [&] { net.send_to_loopback(1); }) == 0);
}

TEST_CASE_FIXTURE(kernel_case,
                  "a program loaded for a devmap is refused, by name where it is known") {
    sandbox::network net;
    std::optional<programs> p;
    try {
        p.emplace(std::initializer_list<std::string_view>{"xdp_devmap"});
    } catch (std::system_error const& e) {
        return skip_case(std::string{"no programs for a devmap: "} + e.what());
    }
    bl::hook::xdp const where{.ifindex = net.loopback()};
    check_error(bl::attach(p->xdp("xdp_devmap"), where), bl::errc::invalid_argument,
                {"xdp_devmap", " xdp "});
    auto const by_fd = must(programs::xdp_ref::from_fd(bl::fd_view{p->fd("xdp_devmap")}));
    CHECK_FALSE(by_fd.expected_attach_type());
    check_error(bl::attach(by_fd, where), bl::errc::invalid_argument, {"devmap"});
}
