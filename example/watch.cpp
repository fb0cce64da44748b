// SPDX-License-Identifier: Apache-2.0
// Is told of links that come, change and go, in an epoll loop that has other things to do as well.
#include "programs.hpp"
#include "run.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <chrono>
#include <iostream>
#include <poll.h>

namespace bl = bpflink;
using namespace std::chrono_literals;

void report(bl::link_event const& event) {
    auto const& link = event.what == bl::link_change::removed ? event.before : event.now;
    std::cout << event.what << ' ' << link.type << " link " << link.id << '\n';
}

bl::result<void> watch() {
    sandbox::network network;
    test_programs const programs{"xdp_a", "xdp_b"};
    using xdp = bl::program_ref<bl::program_type::xdp>;
    auto const first = co_await xdp::from(programs.get("xdp_a"));
    auto const second = co_await xdp::from(programs.get("xdp_b"));
    auto const device = network.add_veth().here;

    auto watcher = co_await bl::watcher::start({.period = 50ms});
    bl::xdp_link link;
    for (int round = 0; round != 4; ++round) {
        if (round == 0) link = co_await bl::attach(first, bl::hook::xdp{device});
        if (round == 1) co_await link.update(second);
        if (round == 2) network.remove(device); // seen at once
        if (round == 3) co_await link.close();
        for (bool seen = false; !seen;) {
            ::pollfd ready{watcher.fd().get(), POLLIN, 0};
            if (::poll(&ready, 1, 1'000) != 1) break;
            for (auto const& event : co_await watcher.poll()) {
                report(event);
                seen = true;
            }
        }
    }
    std::cout << "all by the " << watcher.source() << '\n';
}

int main() {
    return run(watch);
}
