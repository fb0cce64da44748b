// SPDX-License-Identifier: Apache-2.0
// A program that runs on every processor 100 times a second: where a profiler begins.
#include "profile.skel.h"

#include <bpflink/bpflink.hpp>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <vector>

namespace bl = bpflink;

bl::result<void> profile(profile_bpf const& loaded) {
    auto const prog =
        co_await bl::program_ref<bl::program_type::perf_event>::from(loaded.progs.sample);

    std::vector<bl::perf_event_link> links; // they hold the events
    for (auto const& event :
         co_await bl::perf_events_on_each_cpu(bl::interval_timer{std::chrono::milliseconds{10}}))
        links.push_back(co_await bl::attach(prog, bl::hook::perf_event{event}));
    std::cout << "samples on " << links.size() << " processors\n";
    auto const info = co_await links.front().info();
    std::cout << "by " << info.type << " link " << info.id << '\n';
}

int main() {
    std::unique_ptr<profile_bpf, void (*)(profile_bpf*)> const loaded{
        ::profile_bpf__open_and_load(), ::profile_bpf__destroy};
    if (!loaded) {
        std::perror("profile.bpf.o");
        return 1;
    }
    auto const done = profile(*loaded);
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
