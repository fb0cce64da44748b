// SPDX-License-Identifier: Apache-2.0
// What a watcher takes of a processor: 1,000 links, of which a few change, and a look each second.
#include "programs.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <time.h>
#include <utility>
#include <vector>

namespace bl = bpflink;
using namespace std::chrono_literals;

namespace {

constexpr int links = 1'000;
constexpr int looks = 30;
constexpr auto period = 100ms; // the table is for 1 s: a tenth of the looks

std::chrono::nanoseconds used() {
    ::timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

void measure(char const* how, bl::snapshot_source preferred,
             bl::program_ref<bl::program_type::tracing> prog) {
    auto watcher = bl::watcher::start({.period = period, .preferred = preferred});
    if (!watcher) std::exit(1);
    std::vector<std::chrono::nanoseconds> costs;
    bl::iter_link changing;
    std::chrono::nanoseconds in_watcher{0};
    for (int i = 0; i != looks; ++i) {
        auto l = bl::attach(prog, bl::hook::iter{});
        if (!l) std::exit(1);
        changing = *std::move(l);
        auto const before = used();
        auto const events = watcher->wait(10 * period);
        if (!events || events->empty()) std::exit(1);
        in_watcher += used() - before;
        costs.push_back(watcher->cost());
    }
    std::ranges::sort(costs);
    auto const a_look = std::chrono::duration<double, std::milli>(in_watcher) / looks;
    std::cout << how << ": a look took "
              << std::chrono::duration<double, std::milli>(costs[looks / 2]).count()
              << " ms (median), " << a_look.count()
              << " ms of processor time: " << a_look.count() / 10 << " % of a core at 1 s\n";
}

} // namespace

int main() {
    test_programs const programs{"iter_tasks"};
    auto const prog = bl::program_ref<bl::program_type::tracing>::from(programs.get("iter_tasks"));
    if (!prog) return 1;
    std::vector<bl::iter_link> made;
    while (made.size() != links) {
        auto l = bl::attach(*prog, bl::hook::iter{});
        if (!l) return 1;
        made.push_back(*std::move(l));
    }
    measure("iterator", bl::snapshot_source::iterator, *prog);
    measure("walk", bl::snapshot_source::walk, *prog);
}
