// SPDX-License-Identifier: Apache-2.0
// Is told of links that come, change and go, in a poll loop that has other things to do as well.
#include "watch.skel.h"

#include <bpflink/bpflink.hpp>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <poll.h>

namespace bl = bpflink;
using filter = bl::program_ref<bl::program_type::xdp>;
using namespace std::chrono_literals;

void report(bl::link_event const& event) {
    auto const& link = event.what == bl::link_change::removed ? event.before : event.now;
    std::cout << event.what << ' ' << link.type << " link " << link.id << '\n';
}

bl::result<void> watch(watch_bpf const& loaded) {
    auto const first = co_await filter::from(loaded.progs.first);
    auto const second = co_await filter::from(loaded.progs.second);
    auto watcher = co_await bl::watcher::start({.period = 50ms});
    bl::xdp_link link;
    for (int round = 0; round != 4; ++round) {
        if (round == 0) link = co_await bl::attach(first, bl::hook::xdp{bl::ifindex{1}});
        if (round == 1) co_await link.update(second);
        if (round == 2) co_await link.detach(); // as when its interface goes
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
    std::unique_ptr<watch_bpf, void (*)(watch_bpf*)> const loaded{::watch_bpf__open_and_load(),
                                                                  ::watch_bpf__destroy};
    if (!loaded) {
        std::perror("watch.bpf.o");
        return 1;
    }
    auto const done = watch(*loaded);
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
