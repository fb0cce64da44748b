// SPDX-License-Identifier: Apache-2.0
// Watches links come, change and go, by the differences of snapshots.
#include "programs.hpp"
#include "run.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <iostream>
#include <utility>
#include <vector>

namespace bl = bpflink;
using records = std::vector<bl::link_record>; // in ascending order of ids

void report(records const& then, records const& now) {
    auto const in = [](records const& all, bl::link_id id) {
        auto const at = std::ranges::lower_bound(all, id, {}, &bl::link_record::id);
        return at != all.end() && at->id == id ? &*at : nullptr;
    };
    for (auto const& link : then)
        if (!in(now, link.id)) std::cout << "removed " << link.type << " link " << link.id << '\n';
    for (auto const& link : now)
        if (auto const* const old = in(then, link.id); !old)
            std::cout << "created " << link.type << " link " << link.id << '\n';
        else if (old->program != link.program)
            std::cout << "updated " << link.type << " link " << link.id << ": program "
                      << old->program << ", now " << link.program << '\n';
}

bl::result<void> watch_links() {
    sandbox::network const network;
    test_programs const programs{"xdp_a", "xdp_b"};
    using xdp = bl::program_ref<bl::program_type::xdp>;
    auto const first = co_await xdp::from(programs.get("xdp_a"));
    auto const second = co_await xdp::from(programs.get("xdp_b"));

    bl::snapshotter by; // a service would keep one, and call it by a timer
    records then;
    co_await by.take(then);
    bl::xdp_link link;
    for (int round = 0; round != 3; ++round) {
        if (round == 0) link = co_await bl::attach(first, bl::hook::xdp{network.loopback()});
        if (round == 1) co_await link.update(second);
        if (round == 2) co_await link.close();
        records now;
        co_await by.take(now);
        report(then, now);
        then = std::move(now);
    }
    std::cout << "all by the " << by.source() << '\n';
}

int main() {
    return run(watch_links);
}
