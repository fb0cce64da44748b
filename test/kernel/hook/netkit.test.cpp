// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "places.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <system_error>

namespace bl = bpflink;

namespace {

using classifier = constant_program<bl::program_type::sched_cls>;

constexpr int go_on = -1; // NETKIT_NEXT
constexpr int pass = 0;   // NETKIT_PASS
constexpr auto primary = bl::attach_type::netkit_primary;
constexpr auto peer = bl::attach_type::netkit_peer;

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a netkit link runs on what its side sends") {
    sandbox::network net;
    auto const pair = add_netkit(net);
    if (!pair) return;
    run_statistics const statistics;
    classifier const a{go_on};
    classifier const b{go_on};
    bl::hook::netkit where{.ifindex = pair->primary, .attach = primary};
    auto sender = pair->primary;
    SUBCASE("primary") {
    }
    SUBCASE("peer") {
        where.attach = peer;
        sender = pair->peer;
    }
    auto const send = [&] { net.send_from(sender, 3); };
    auto l = must(bl::attach(a, where));
    CHECK(must(l.info()).type == bl::link_type::netkit);
    CHECK(must(l.details()).ifindex == sender);
    CHECK(must(l.details()).attach == where.attach);
    CHECK(statistics.runs_during(a, send) >= 3); // the kernel has something to say, too

    must(l.update(b, bl::expecting(a)));
    check_error(l.update(a, bl::expecting(a)), bl::errc::program_mismatch);
    CHECK(statistics.runs_during(b, send) >= 3);
    CHECK(statistics.runs_during(a, send) == 0);
    check_error(bl::attach(b, where), bl::errc::already_exists, {"takes it once"});

    must(l.detach());
    CHECK(statistics.runs_during(b, send) == 0);
    CHECK(l.state() == bl::link_state::defunct);
}

TEST_CASE_FIXTURE(kernel_case, "a netkit program goes where its order says") {
    sandbox::network net;
    auto const pair = add_netkit(net);
    if (!pair) return;
    check_places<bl::program_type::sched_cls>(
        bl::hook::netkit{.ifindex = pair->primary, .attach = peer}, go_on, true);

    run_statistics const statistics;
    classifier const a{go_on};
    classifier const end{pass};
    bl::hook::netkit where{.ifindex = pair->primary, .attach = primary};
    auto const on_a = must(bl::attach(a, where));
    where.order = bl::order::first();
    auto const in_front = must(bl::attach(end, where));
    auto const a_runs = statistics.runs(a);
    CHECK(statistics.runs_during(end, [&] { net.send_from(pair->primary, 3); }) >= 3);
    CHECK(statistics.runs(a) == a_runs);
}

TEST_CASE_FIXTURE(kernel_case, "a netkit hook compares its revision") {
    sandbox::network net;
    auto const pair = add_netkit(net);
    if (!pair) return;
    check_revisions<bl::program_type::sched_cls>(
        bl::hook::netkit{.ifindex = pair->primary, .attach = primary}, go_on);
}

TEST_CASE_FIXTURE(kernel_case, "a netkit link is defunct when its device is removed") {
    sandbox::network net;
    auto const pair = add_netkit(net);
    if (!pair) return;
    classifier const a{go_on};
    auto const l =
        must(bl::attach(a, bl::hook::netkit{.ifindex = pair->primary, .attach = primary}));
    net.remove(pair->primary);
    CHECK(l.state() == bl::link_state::defunct);
    CHECK(must(l.details()).ifindex == bl::ifindex{0});
}

TEST_CASE_FIXTURE(kernel_case, "a netkit hook is named by its primary device") {
    sandbox::network net;
    auto const pair = add_netkit(net);
    if (!pair) return;
    classifier const a{go_on};
    auto const check = [&](bl::ifindex device, bl::errc condition, std::string_view word) {
        bl::hook::netkit const where{.ifindex = device, .attach = primary};
        check_error(bl::attach(a, where), condition, {word});
        check_error(bl::query(where), condition, {word});
    };
    check(pair->peer, bl::errc::invalid_argument, "peer");
    check(bl::ifindex{4711}, bl::errc::not_found, "no such interface");
}

TEST_CASE_FIXTURE(kernel_case, "a device of another kind is told from a kernel without netkit") {
    sandbox::network net;
    bool exists = true;
    try {
        net.add_netkit();
    } catch (std::system_error const&) {
        exists = false;
    }
    auto const condition = exists ? bl::errc::not_found : bl::errc::not_supported;
    auto const* const word = exists ? "not a netkit device" : "this kernel has no links of netkit";
    bl::hook::netkit const where{.ifindex = net.loopback(), .attach = primary};
    check_error(bl::attach(classifier{go_on}, where), condition, {word});
    check_error(bl::query(where), condition, {word});
}
