// SPDX-License-Identifier: Apache-2.0
#include "pairs.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <stdexcept>
#include <system_error>
#include <vector>

#include <sched.h>

namespace {

double now(clockid_t clock) {
    timespec t{};
    ::clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

struct sample {
    double wall; // nanoseconds for one
    double cpu;
    std::size_t done;
};

sample measure(work const& what, std::size_t least) {
    std::size_t done = 0;
    double const cpu = now(CLOCK_THREAD_CPUTIME_ID);
    double const wall = now(CLOCK_MONOTONIC);
    do {
        auto const more = what();
        if (more == 0) throw std::runtime_error{"nothing was done"};
        done += more;
    } while (done < least);
    auto const each = [&](double from, clockid_t clock) {
        return (now(clock) - from) / static_cast<double>(done);
    };
    double const wall_each = each(wall, CLOCK_MONOTONIC);
    return {wall_each, each(cpu, CLOCK_THREAD_CPUTIME_ID), done};
}

double quantile(std::vector<double> values, double which) {
    std::ranges::sort(values);
    double const at = which * static_cast<double>(values.size() - 1);
    auto const below = static_cast<std::size_t>(at);
    auto const above = std::min(below + 1, values.size() - 1);
    return values[below] + (values[above] - values[below]) * (at - static_cast<double>(below));
}

} // namespace

comparison compare(work const& ours, work const& by_hand, std::size_t pairs, std::size_t least) {
    std::vector<double> our_times, their_times, our_cpu, their_cpu, ratios, cpu_ratios;
    measure(ours, 1);
    measure(by_hand, 1);
    std::size_t disturbed = 0;
    while (ratios.size() != pairs) {
        sample a{}, b{};
        if (ratios.size() % 2 == 0) {
            a = measure(ours, least);
            b = measure(by_hand, least);
        } else {
            b = measure(by_hand, least);
            a = measure(ours, least);
        }
        if (a.done != b.done) {
            if (++disturbed > 10 * pairs + 10)
                throw std::runtime_error{"the two never do the same number"};
            continue;
        }
        our_times.push_back(a.wall);
        their_times.push_back(b.wall);
        our_cpu.push_back(a.cpu);
        their_cpu.push_back(b.cpu);
        ratios.push_back(a.wall / b.wall);
        cpu_ratios.push_back(a.cpu / b.cpu);
    }
    return {.ours = quantile(our_times, 0.5),
            .by_hand = quantile(their_times, 0.5),
            .ratio = quantile(ratios, 0.5),
            .low = quantile(ratios, 0.25),
            .high = quantile(ratios, 0.75),
            .cpu_ratio = quantile(cpu_ratios, 0.5),
            .best_ratio = std::ranges::min(our_cpu) / std::ranges::min(their_cpu),
            .disturbed = disturbed};
}

int stay_on_this_cpu() {
    int const cpu = ::sched_getcpu();
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(static_cast<std::size_t>(cpu), &only);
    if (cpu < 0 || ::sched_setaffinity(0, sizeof only, &only) < 0)
        throw std::system_error{errno, std::generic_category(), "staying on a CPU"};
    return cpu;
}
