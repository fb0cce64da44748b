// SPDX-License-Identifier: Apache-2.0
// A program that runs on every processor 100 times a second: where a profiler begins.
#include "run.hpp"
#include "small_program.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <chrono>
#include <iostream>
#include <system_error>
#include <vector>

namespace bl = bpflink;

bl::result<void> profile() {
    if (lacks<bl::hook::perf_event>()) co_return;
    small_program<bl::program_type::perf_event> const prog{0};
    if (!prog.owned) throw std::system_error{errno, std::generic_category(), "loading the program"};

    std::vector<bl::perf_event_link> links;
    for (auto const& event :
         co_await bl::perf_events_on_each_cpu(bl::interval_timer{std::chrono::milliseconds{10}}))
        links.push_back(co_await bl::attach(prog, bl::hook::perf_event{event}));
    std::cout << "samples on " << links.size() << " processors\n";

    // The links hold the events. Your own program would count stacks here, by bpf_get_stackid(),
    // and a map would have the result.
    auto const info = co_await links.front().info();
    std::cout << "by " << info.type << " link " << info.id << '\n';
}

int main() {
    return run(profile);
}
