// SPDX-License-Identifier: Apache-2.0
// A program that runs on every processor 100 times a second: where a profiler begins.
#include "small_program.hpp"

#include <bpflink/bpflink.hpp>

#include <chrono>
#include <iostream>
#include <vector>

namespace bl = bpflink;

bl::result<void> profile() {
    // Your own program would count stacks here, by bpf_get_stackid(), and a map would have them.
    small_program<bl::program_type::perf_event> const prog{0};

    std::vector<bl::perf_event_link> links; // they hold the events
    for (auto const& event :
         co_await bl::perf_events_on_each_cpu(bl::interval_timer{std::chrono::milliseconds{10}}))
        links.push_back(co_await bl::attach(prog, bl::hook::perf_event{event}));
    std::cout << "samples on " << links.size() << " processors\n";
    auto const info = co_await links.front().info();
    std::cout << "by " << info.type << " link " << info.id << '\n';
}

int main() {
    auto const done = profile();
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
