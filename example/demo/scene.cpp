// SPDX-License-Identifier: Apache-2.0
#include "scene.hpp"

#include "interrupts.hpp"
#include "traffic.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <ranges>
#include <string>
#include <utility>
#include <variant>

#include <range/v3/view/filter.hpp>

#include <net/if.h>

namespace bl = bpflink;

namespace demo {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

template <class... F>
struct overloaded : F... {
    using F::operator()...;
};

std::string hook_of(bl::link_info const& link) {
    return std::visit(
        overloaded{
            [](bl::xdp_details const& on) {
                char name[IF_NAMESIZE] = "";
                ::if_indextoname(on.ifindex.value(), name);
                return "interface " + std::string{name};
            },
            [](bl::cgroup_details const& on) { return to_string(on.attach); },
            [](bl::raw_tracepoint_details const& on) { return "tracepoint " + on.name; },
            [](bl::iter_details const& on) { return "every " + on.target_name; },
            [](auto const&) { return std::string{"?"}; },
        },
        link.details);
}

/// Whether a link runs one of our programs.
auto ours(programs const& run) {
    return [ids = run.ids()](bl::link_info const& link) {
        return std::ranges::count(ids, link.program) != 0;
    };
}

} // namespace

bl::result<std::vector<bl::link_info>> our_links(programs const& run) {
    return bl::infos() | std::views::filter(bl::where(ours(run))) | bl::collect;
}

bl::result<void> attach_four(scene& s) {
    s.out.section("Attach", "four programs, in a network namespace and a cgroup of their own");
    s.out.code("attach(version_1, hook::xdp{.ifindex = veth}) | pin(\"/sys/fs/bpf/demo_xdp\")");

    co_await (bl::attach(s.run.versions[0], bl::hook::xdp{.ifindex = s.here.receiver()}) |
              bl::pin(xdp_pin));
    s.egress = co_await bl::attach(
        s.run.count_egress,
        bl::hook::cgroup{.cgroup = s.here.cgroup(), .attach = bl::attach_type::cgroup_inet_egress});
    s.calls = co_await bl::attach(s.run.count_calls, bl::hook::raw_tracepoint{.name = "sys_enter"});
    s.threads = co_await bl::attach(s.run.list_threads, bl::hook::iter{});

    std::vector<report::row> rows;
    for (auto const& link : co_await our_links(s.run))
        rows.push_back({text(link.id), to_string(link.type), text(link.program), hook_of(link)});
    s.out.table(rows, {"link", "kind", "program", "hook"});

    s.here.send_from_cgroup(8);
    auto const seen = s.run.state().sent_from_cgroup;
    s.out.check(seen == 8, "8 packets left the cgroup, and the program there saw " + grouped(seen));
}

/// Opens the pinned link, as a service does after a restart, and swaps its program to and fro.
bl::result<void> swap_under_traffic(scene& s) {
    s.out.section("Swap", "the pinned XDP link's program, while packets arrive at full speed");
    s.out.code("link.update(next, expecting(now))");

    auto link = co_await bl::xdp_link::load_pinned(xdp_pin);
    auto const& versions = s.run.versions;

    traffic traffic{s.here.sender(), s.run.state()};
    auto const start = clock::now();
    std::uint64_t swaps = 0;
    for (int now = 0, next = 1; clock::now() - start < 1s || now != 0; std::swap(now, next)) {
        traffic.wait_for_packet(now);
        stop_if_interrupted();
        co_await link.update(versions[next], bl::expecting(versions[now]));
        ++swaps;
    }
    traffic.wait_for_packet(0);
    auto const time = clock::now() - start;
    auto threads = co_await s.threads.open().and_then(&bl::iter_output::read_all);
    traffic.stop();

    auto const sent = traffic.sent();
    auto const& seen = s.run.state().packets;
    auto const became = trace(s.run.state(), sent);
    s.out.table({{grouped(sent), "packets sent in " + readable(time)},
                 {grouped(seen[0]), "seen by version 1"},
                 {grouped(seen[1]), "seen by version 2"}});
    s.out.check(seen[0] + seen[1] == sent && became.unseen == 0 && became.seen_twice == 0,
                "every packet was seen exactly once: " + grouped(became.unseen) + " missed, " +
                    grouped(became.seen_twice) + " seen twice");
    s.out.check(became.changes == swaps, grouped(swaps) + " swaps, one every " +
                                             readable(time / swaps) + ", and the packets saw " +
                                             grouped(became.changes));
    auto const refused = link.update(versions[1], bl::expecting(versions[1]));
    s.out.check(!refused && refused.error() == bl::errc::program_mismatch,
                "a swap that expects another program than the one that runs is refused");
    std::ranges::replace(threads, '\n', ' ');
    s.out.check(threads.find("sender ") != threads.npos,
                "the iterator lists the threads of this process: " + threads);
}

/// Walks in several ways, and has the program on sys_enter count what each costs.
bl::result<void> walk(scene& s) {
    s.out.section("Walk", "all links in the kernel, and what that costs in system calls");

    std::vector<report::row> rows;
    auto const measure = [&](std::string expression, auto run) {
        auto const before = read(s.run.state().system_calls);
        auto const links = static_cast<std::uint64_t>(run());
        auto const calls = read(s.run.state().system_calls) - before;
        rows.push_back({grouped(links), grouped(calls), std::move(expression)});
        return calls;
    };

    auto const calls_of_all = measure("for (auto&& link : bl::links())", [] {
        int opened = 0;
        for (auto&& link : bl::links())
            opened += link.has_value();
        return opened;
    });
    auto const calls = measure("bl::links() | std::views::take(2)", [] {
        return std::ranges::distance(bl::links() | std::views::take(2));
    });
    measure("bl::links() | bl::views::of_type(bl::link_type::xdp)", [] {
        return std::ranges::distance(bl::links() | bl::views::of_type(bl::link_type::xdp));
    });
    measure("bl::infos() | ranges::views::filter(bl::where(ours))", [&] {
        return ranges::distance(bl::infos() | ranges::views::filter(bl::where(ours(s.run))));
    });
    s.out.table(rows, {"links", "calls", "expression"});
    s.out.check(calls < calls_of_all, "a walk is lazy: two links cost " + grouped(calls) +
                                          " system calls, however many there are");

    auto const pins = co_await (bl::pins(stage::bpffs) | bl::collect);
    std::string found;
    for (auto const& pin : pins)
        found += " link " + text(pin.id) + " (" + to_string(pin.type) + ") at " + pin.path;
    s.out.check(pins.size() == 1 && pins.front().path == xdp_pin,
                counted(pins.size(), "pin") + ":" + found);
}

bl::result<void> fail_and_undo(scene& s) {
    s.out.section("Undo", "a chain, attach | pin | update, whose last step fails");

    auto const before = co_await our_links(s.run);
    auto const chain = bl::attach(s.run.versions[0], bl::hook::xdp{.ifindex = s.here.sender()}) |
                       bl::pin("/sys/fs/bpf/doomed") |
                       bl::update(s.run.versions[1], bl::expecting(s.run.versions[1]));
    auto const after = co_await our_links(s.run);

    if (!chain) s.out.line(chain.error().message());
    s.out.check(!chain && chain.error() == bl::errc::program_mismatch &&
                    std::ranges::equal(before, after, {}, &bl::link_info::id, &bl::link_info::id) &&
                    !std::filesystem::exists("/sys/fs/bpf/doomed"),
                "its link and its pin are gone again; the " + counted(after.size(), "link") +
                    " from before stay");
}

bl::result<void> leave(scene& s) {
    s.out.section("Leave", "everything as it was");
    co_await (bl::xdp_link::load_pinned(xdp_pin) | bl::unpin());
    s.out.check((co_await (bl::pins(stage::bpffs) | bl::collect)).empty(), "no pin is left");
}

} // namespace demo
