// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"
#include "traffic.hpp"

#include <bpflink/bpflink.hpp>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <bpf/libbpf.h>
#include <sched.h>

namespace bl = bpflink;

namespace {

/// A pair of devices; nothing, with the reason said, where the kernel has no such driver.
std::optional<sandbox::network::veth> add_veth(sandbox::network& net,
                                               std::uint32_t sending_queues = 1) {
    try {
        return net.add_veth(sending_queues);
    } catch (std::system_error const& e) {
        if (e.code().value() != EOPNOTSUPP) throw;
        skip_case(std::string{"no veth driver: "} + e.what());
        return std::nullopt;
    }
}

/// A device of a kind; nothing, with the reason said, where the kernel has no such driver.
std::optional<bl::ifindex> add_device(sandbox::network& net, std::string const& kind,
                                      bl::ifindex below = {}) {
    try {
        return net.add_device(kind, below);
    } catch (std::system_error const& e) {
        if (e.code().value() != EOPNOTSUPP) throw;
        skip_part("no " + kind + " driver: " + e.what());
        return std::nullopt;
    }
}

std::string name_of(programs const& p, std::string_view name) {
    return "program " + std::to_string(p.id(name));
}

/// A program on an interface by netlink, as `ip link set` attaches it.
class without_link {
public:
    without_link(bl::ifindex where, programs const& p, std::string_view name)
        : index_{static_cast<int>(where)} {
        REQUIRE(::bpf_xdp_attach(index_, p.fd(name), 0, nullptr) == 0);
    }
    ~without_link() { CHECK(::bpf_xdp_detach(index_, 0, nullptr) == 0); }
    without_link(without_link const&) = delete;
    without_link& operator=(without_link const&) = delete;

private:
    int index_;
};

/// Before 5.15, whose bonds came with XDP of their own.
constexpr char heeds_no_neighbours[] = "the kernel attaches XDP beside a neighbour's";

/// Whether the kernel has the tracepoint that tells why an attach failed; the rest is skipped where
/// it does not.
bool tells_words() {
    constant_program<bl::program_type::raw_tracepoint> const any{0};
    auto const there =
        bl::attach(any, bl::hook::raw_tracepoint{.name = "bpf_xdp_link_attach_failed"});
    if (!there) skip_part("no tracepoint bpf_xdp_link_attach_failed");
    return there.has_value();
}

/// The only program that a query tells.
std::pair<bl::program_id, bl::xdp_mode> entry_of(bl::hook::xdp const& where) {
    auto const now = must(bl::query(where));
    REQUIRE(now.entries.size() == 1);
    CHECK_FALSE(now.entries[0].link);
    REQUIRE(now.entries[0].mode);
    return {now.entries[0].program, *now.entries[0].mode};
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
    check_error(second, bl::errc::hook_busy,
                {"link_create", "interface 1", "EBUSY", "by a link: " + name_of(p, "xdp_a"),
                 "update that link"});
    CHECK(second.error().code() == std::errc::device_or_resource_busy);
    CHECK(p.runs_during("xdp_a", [&] { net.send_to_loopback(2); }) == 2);
    CHECK(p.runs("xdp_b") == 0);
}

// F11
TEST_CASE_FIXTURE(kernel_case, "an XDP program without a link is named, and left as it is") {
    sandbox::network net;
    programs const p{"xdp_a", "xdp_b"};
    {
        without_link const by_ip{net.loopback(), p, "xdp_a"};
        for (auto const* next : {"xdp_b", "xdp_a"})
            check_error(bl::attach(p.xdp(next), bl::hook::xdp{.ifindex = net.loopback()}),
                        bl::errc::hook_busy,
                        {name_of(p, "xdp_a") + " (generic), which has no link, is there",
                         "ip link set DEV xdp off"});
        CHECK(p.runs_during("xdp_a", [&] { net.send_to_loopback(2); }) == 2);
        CHECK(p.runs("xdp_b") == 0);
    }
    auto const pair = add_veth(net);
    if (!pair) return;
    without_link const by_ip{pair->here, p, "xdp_a"};
    for (auto const mode : {bl::xdp_mode::automatic, bl::xdp_mode::driver})
        check_error(bl::attach(p.xdp("xdp_b"), bl::hook::xdp{.ifindex = pair->here, .mode = mode}),
                    bl::errc::hook_busy, {name_of(p, "xdp_a") + " (driver), which has no link"});
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
                bl::errc::already_exists, {name_of(p, "xdp_a") + " (generic)", "another mode"});
}

// F12
TEST_CASE_FIXTURE(kernel_case, "the device above an interface that has an XDP program is named") {
    sandbox::network net;
    auto const pair = add_veth(net);
    if (!pair) return;
    programs const p{"xdp_a", "xdp_b"};
    std::string kind;
    SUBCASE("a bridge") {
        kind = "bridge";
    }
    SUBCASE("a macvlan") {
        kind = "macvlan";
    }
    CAPTURE(kind);
    auto const above = add_device(net, kind, kind == "macvlan" ? pair->here : bl::ifindex{0});
    if (!above) return;
    if (kind == "bridge") net.add_port(pair->here, *above);
    // A program on the peer of a veth is not above it.
    auto const on_peer = must(bl::attach(p.xdp("xdp_b"), bl::hook::xdp{.ifindex = pair->there}));
    bl::hook::xdp const where{.ifindex = pair->here};
    {
        auto const on_above = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = *above}));
        auto const below = bl::attach(p.xdp("xdp_b"), where);
        if (below) return skip_part(heeds_no_neighbours);
        check_error(below, bl::errc::hook_busy,
                    {"EEXIST", must(bl::interface_name_of(*above)) + ", above it, has an XDP"});
    }
    must(bl::attach(p.xdp("xdp_b"), where));
}

TEST_CASE_FIXTURE(kernel_case, "a device above in another network namespace cannot be named") {
    sandbox::network net;
    auto const pair = add_veth(net);
    if (!pair) return;
    auto const above = add_device(net, "macvlan", pair->here);
    if (!above) return;
    programs const p{"xdp_a", "xdp_b"};
    auto const here = sandbox::network::here();
    auto const on_above = must(bl::attach(
        p.xdp("xdp_a"), bl::hook::xdp{.ifindex = *above, .mode = bl::xdp_mode::generic}));
    {
        sandbox::network const other;
        auto const there = sandbox::network::here();
        REQUIRE(::setns(here.get(), CLONE_NEWNET) == 0);
        net.move(*above, there);
        auto const below = bl::attach(p.xdp("xdp_b"), bl::hook::xdp{.ifindex = pair->here});
        if (below) return skip_part(heeds_no_neighbours);
        check_error(below, bl::errc::hook_busy, {"a device, above it"});
    }
}

// F13
TEST_CASE_FIXTURE(kernel_case, "a bond whose port has an XDP program takes one in generic mode") {
    sandbox::network net;
    auto const pair = add_veth(net);
    if (!pair) return;
    auto const bond = add_device(net, "bond");
    if (!bond) return;
    net.add_port(pair->here, *bond);
    programs const p{"xdp_a", "xdp_b"};
    auto const on_port = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = pair->here}));
    must(
        bl::attach(p.xdp("xdp_b"), bl::hook::xdp{.ifindex = *bond, .mode = bl::xdp_mode::generic}));
    auto const on_bond = bl::attach(p.xdp("xdp_b"), bl::hook::xdp{.ifindex = *bond});
    if (on_bond) return skip_part(heeds_no_neighbours);
    check_error(on_bond, bl::errc::not_supported,
                {"EOPNOTSUPP",
                 must(bl::interface_name_of(pair->here)) + ", a port of the bond, has an XDP",
                 "xdp_mode::generic"});
}

// F8
TEST_CASE_FIXTURE(kernel_case,
                  "an MTU too large for the driver is told, and generic mode takes it") {
    sandbox::network net;
    auto const pair = add_veth(net);
    if (!pair) return;
    net.set_mtu(pair->here, 9'000);
    net.set_mtu(pair->there, 9'000);
    programs const p{"xdp_a"};
    bool const has_words = tells_words();
    auto const descriptors = sandbox::open_descriptors();
    for (auto const mode : {bl::xdp_mode::automatic, bl::xdp_mode::driver}) {
        auto const refused =
            bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = pair->here, .mode = mode});
        check_error(refused, bl::errc::not_supported,
                    {"ERANGE", "MTU", "without frags", "xdp.frags", "xdp_mode::generic"});
        if (has_words)
            check_error(refused, bl::errc::not_supported,
                        {"the kernel says \"veth: Peer MTU is too large to set XDP\""});
    }
    CHECK(sandbox::open_descriptors() == descriptors);
    must(bl::attach(p.xdp("xdp_a"),
                    bl::hook::xdp{.ifindex = pair->here, .mode = bl::xdp_mode::generic}));
}

TEST_CASE_FIXTURE(kernel_case, "a veth with fewer queues than its peer sends by is told") {
    sandbox::network net;
    auto const pair = add_veth(net, 2);
    if (!pair) return;
    programs const p{"xdp_a"};
    check_error(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = pair->here}),
                bl::errc::not_supported, {"ENOSPC", "; the veth has fewer receive queues"});
    must(bl::attach(p.xdp("xdp_a"),
                    bl::hook::xdp{.ifindex = pair->here, .mode = bl::xdp_mode::generic}));
}

TEST_CASE_FIXTURE(kernel_case,
                  "a thread hears the words that the kernel says to it, and no other") {
    sandbox::network net;
    auto const pair = add_veth(net);
    if (!pair || !tells_words()) return;
    net.set_mtu(pair->there, 9'000);
    programs const p{"xdp_a"};
    std::atomic<bool> done = false;
    std::thread other{[&] { // it has other words
        while (!done)
            static_cast<void>(
                bl::attach(p.xdp("xdp_a"),
                           bl::hook::xdp{.ifindex = net.loopback(), .mode = bl::xdp_mode::driver}));
    }};
    for (int i = 0; i != 20; ++i)
        check_error(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = pair->here}),
                    bl::errc::not_supported, {"says \"veth: Peer MTU is too large to set XDP\""});
    done = true;
    other.join();
}

TEST_CASE_FIXTURE(kernel_case, "XDP is refused where there is no interface") {
    sandbox::network const net;
    programs const p{"xdp_a"};
    for (auto const index : {0U, 4711U, std::numeric_limits<unsigned>::max()}) {
        bl::hook::xdp const where{.ifindex = bl::ifindex{index}};
        check_error(bl::attach(p.xdp("xdp_a"), where), bl::errc::not_found,
                    {"interface " + std::to_string(index), "no such interface"});
        check_error(bl::query(where), bl::errc::not_found,
                    {"interface " + std::to_string(index), "no such interface"});
    }
}

TEST_CASE_FIXTURE(kernel_case, "a mode that a device does not have is told from one that is none") {
    sandbox::network net;
    programs const p{"xdp_a"};
    auto const in_mode = [&](bl::xdp_mode mode) {
        return bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback(), .mode = mode});
    };
    check_error(in_mode(bl::xdp_mode::driver), bl::errc::not_supported,
                {"the driver has no XDP", "xdp_mode::generic"});
    check_error(in_mode(bl::xdp_mode::offload), bl::errc::not_supported, {"does not offload XDP"});
    check_error(in_mode(static_cast<bl::xdp_mode>(6)), bl::errc::invalid_argument, {"mode"});
    CHECK(p.runs_during("xdp_a", [&] { net.send_to_loopback(1); }) == 0);
    auto const pair = add_veth(net);
    if (!pair) return;
    check_error(bl::attach(p.xdp("xdp_a"),
                           bl::hook::xdp{.ifindex = pair->here, .mode = bl::xdp_mode::offload}),
                bl::errc::not_supported, {"EINVAL", "does not offload XDP"});
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
    auto const refused = bl::attach(by_fd, where);
    REQUIRE_FALSE(refused);
    CAPTURE(refused.error().message());
    CHECK(refused.error().message().find("loaded for a devmap, a cpumap or") != std::string::npos);
    if (refused.error() != bl::errc::invalid_argument)
        skip_part("the kernel runs programs of a devmap by BPF_PROG_TEST_RUN (before 5.14)");
}

TEST_CASE_FIXTURE(kernel_case, "a query of XDP tells program and mode, with a link or without") {
    sandbox::network net;
    programs const p{"xdp_a", "xdp_b"};
    bl::hook::xdp const lo{.ifindex = net.loopback()};
    CHECK(must(bl::query(lo)).entries.empty());
    {
        without_link const by_ip{net.loopback(), p, "xdp_b"};
        CHECK(entry_of(lo) == std::pair{p.program_id("xdp_b"), bl::xdp_mode::generic});
    }
    CHECK(must(bl::query(lo)).entries.empty());
    auto const pair = add_veth(net);
    if (!pair) return;
    bl::hook::xdp const device{.ifindex = pair->here};
    auto link = must(bl::attach(p.xdp("xdp_a"), device));
    CHECK(entry_of(device) == std::pair{p.program_id("xdp_a"), bl::xdp_mode::driver});
    must(link.update(p.xdp("xdp_b")));
    CHECK(entry_of(device) == std::pair{p.program_id("xdp_b"), bl::xdp_mode::driver});
    CHECK(must(bl::query(lo)).entries.empty());
    must(link.detach());
    CHECK(must(bl::query(device)).entries.empty());
    link = must(bl::attach(p.xdp("xdp_a"),
                           bl::hook::xdp{.ifindex = pair->here, .mode = bl::xdp_mode::generic}));
    CHECK(entry_of(device) == std::pair{p.program_id("xdp_a"), bl::xdp_mode::generic});
    net.remove(pair->here);
    check_error(bl::query(device), bl::errc::not_found, {"no such interface"});
}

// E22
TEST_CASE_FIXTURE(kernel_case, "another object for an XDP program is told by what it is") {
    sandbox::network const net;
    held_as<bl::program_type::xdp> const map{make_map()};
    check_error(bl::attach(map, bl::hook::xdp{.ifindex = net.loopback()}),
                bl::errc::invalid_argument, {"EINVAL", "; descriptor ", " is not a BPF program"});
}
