// SPDX-License-Identifier: Apache-2.0
#include "tables.hpp"

#include "agreement.hpp"
#include "floor.hpp"
#include "memory.hpp"
#include "operations.hpp"
#include "pairs.hpp"
#include "population.hpp"
#include "walks.hpp"

#include <bpflink/version.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <sys/utsname.h>

namespace {

std::string processor() {
    std::ifstream facts{"/proc/cpuinfo"};
    for (std::string line; std::getline(facts, line);)
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    return "unknown processor";
}

void print_setting(int cpu, std::size_t pairs) {
    utsname system{};
    ::uname(&system);
    auto const v = bpflink::version();
#ifdef __clang__
    constexpr char const* compiler = __VERSION__;
#else
    constexpr char const* compiler = "GCC " __VERSION__;
#endif
#ifdef NDEBUG
    constexpr char const* build = "release";
#else
    constexpr char const* build = "DEBUG BUILD, whose figures mean nothing";
#endif
    std::printf("bpflink %d.%d.%d, %s, %s; Linux %s %s; %s, CPU %d; medians of %zu pairs\n",
                v.major, v.minor, v.patch, compiler, build, system.release, system.machine,
                processor().c_str(), cpu, pairs);
}

std::string grouped(std::size_t number) {
    auto text = std::to_string(number);
    for (std::size_t digits = 3; digits < text.size(); digits += 4)
        text.insert(text.size() - digits, 1, ',');
    return text;
}

void print_columns(std::string const& title) {
    std::printf("\n%-34s %6s %9s %9s   %-12s %6s %6s\n", title.c_str(), "ratio", "ours, us",
                "C, us", "half within", "CPU", "best");
}

void print_row(std::string const& name, comparison const& c) {
    std::printf("  %-32s %5.2fx %9.2f %9.2f   %.2fx-%.2fx %5.2fx %5.2fx", name.c_str(), c.ratio,
                c.ours / 1e3, c.by_hand / 1e3, c.low, c.high, c.cpu_ratio, c.best_ratio);
    if (c.disturbed != 0) std::printf("   %zu pairs again", c.disturbed);
    std::printf("\n");
    std::fflush(stdout);
}

/// Links of one kind, and what is compared while they live.
struct scene {
    population::kind kind;
    std::vector<contest> contests;
};

std::vector<scene> scenes(bool can_share_a_tracepoint) {
    auto const infos = [](std::string const& name) {
        return std::vector<contest>{
            {name, by_bpflink::infos, by_hand::infos},
            {name + ": snapshot instead", by_bpflink::snapshot, by_hand::infos}};
    };
    auto basic = infos("infos");
    basic.insert(basic.begin(), {{"link_ids", by_bpflink::link_ids, by_hand::link_ids},
                                 {"links", by_bpflink::links, by_hand::links},
                                 // How far from 1 the noise of the machine gets.
                                 {"C links against itself", by_hand::links, by_hand::links}});
    if (!can_share_a_tracepoint) return {{population::kind::iter, basic}};
    return {{population::kind::raw_tracepoint, basic},
            {population::kind::long_names, infos("infos, long names")},
            {population::kind::in_blocks, infos("infos, in blocks")},
            {population::kind::in_turn, infos("infos, in turn")}};
}

void compare_walks(std::size_t links, std::size_t pairs, bool can_share_a_tracepoint) {
    constexpr std::size_t enough = 2'000; // some milliseconds
    print_columns(grouped(links) + " links");
    for (auto const& [kind, contests] : scenes(can_share_a_tracepoint)) {
        population const live{kind, links};
        require_agreement(live.ids());
        for (auto const& [name, ours, by_hand] : contests)
            print_row(name, compare(ours, by_hand, pairs, enough));
    }
}

void compare_operations(std::size_t pairs) {
    // Many short pairs: what disturbs one is as long as a hundred calls.
    operations one;
    print_columns("one link, ten times the pairs");
    for (auto const& [name, ours, by_hand] : one.contests())
        print_row(name, compare(ours, by_hand, pairs == 1 ? 1 : 10 * pairs, 1));
}

void print_floor(std::size_t pairs) {
    operations const one;
    std::printf("\n%-34s %6s %9s %9s   %-12s %6s %6s\n", "the floor", "ratio", "us", "empty, us",
                "half within", "CPU", "best");
    for (auto const& [name, part, nothing] : floor(one))
        print_row(name, compare(part, nothing, 10 * pairs, 1));
}

void print_memory_row(std::string const& name, work const& walk) {
    walk(); // what is needed once, the first time
    bool const known = forget_peak();
    auto const before = resident();
    walk();
    auto const grown = std::max(0L, peak_resident() - before);

    auto const calls_before = allocations();
    walk();
    auto const calls = allocations() - calls_before;
    std::printf("  %-30s %11zu   %s\n", name.c_str(), calls,
                known ? (std::to_string(grown) + " KiB").c_str() : "unknown");
}

void print_memory(std::vector<std::size_t> const& sizes, bool can_share_a_tracepoint) {
    std::printf("\n%-32s %11s   %s\n", "memory during one walk", "allocations",
                "peak RSS grows by");
    for (auto const links : sizes) {
        population const live{can_share_a_tracepoint ? population::kind::raw_tracepoint
                                                     : population::kind::iter,
                              links};
        auto const at = " at " + grouped(links);
        print_memory_row("link_ids" + at, by_bpflink::link_ids);
        print_memory_row("links" + at, by_bpflink::links);
        print_memory_row("infos" + at, by_bpflink::infos);
        print_memory_row("snapshot" + at, by_bpflink::snapshot);
    }
    if (!can_share_a_tracepoint) return;
    for (auto const links : sizes) {
        population const live{population::kind::long_names, links};
        print_memory_row("infos, long names, at " + grouped(links), by_bpflink::infos);
    }
}

} // namespace

void print_tables(options const& chosen) {
    int const cpu = stay_on_this_cpu();
    print_setting(cpu, chosen.pairs);
    bool const can_share = population::can_share_a_tracepoint();
    if (!can_share)
        std::printf("SKIP: raw tracepoint and mixed links: this kernel takes a program on a "
                    "tracepoint only once. Iterator links instead\n");
    for (auto const links : chosen.links)
        compare_walks(links, chosen.pairs, can_share);
    compare_operations(chosen.pairs);
    print_floor(chosen.pairs);
    print_memory(chosen.links, can_share);
}
