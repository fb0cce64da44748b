// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "commands.hpp"
#include "facts.hpp"
#include "filters.hpp"
#include "groups.hpp"
#include "json.hpp"
#include "output.hpp"
#include "problems.hpp"
#include "program_text.hpp"
#include "table.hpp"
#include "terminal.hpp"
#include "walk.hpp"

#include <bpflink/fd.hpp>
#include <bpflink/program_info.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <bpf/bpf.h>

namespace tool {
namespace {

namespace bl = bpflink;
using clock = std::chrono::steady_clock;

struct options {
    filters wanted;
    double period = 1;
    std::uint32_t count = 0; // 0: without an end
    std::uint32_t rows = 0;  // 0: as many as the terminal has
    bool json = false;
};

/// Has the kernel count runs and their time as long as it is open (since 5.8).
bl::unique_fd keep_counts() {
    bl::unique_fd counts{::bpf_enable_stats(BPF_STATS_RUN_TIME)};
    if (!counts)
        throw std::system_error{
            errno, std::generic_category(),
            "the kernel does not count runs (BPF_ENABLE_STATS, since 5.8, with CAP_SYS_ADMIN)"};
    return counts;
}

/// The work of a program until now.
struct counters {
    std::uint64_t runs;
    std::chrono::nanoseconds time;
    std::uint64_t misses;
};

counters counters_of(bl::program_info const& program) {
    return {program.run_count.value_or(0), program.run_time.value_or(std::chrono::nanoseconds{}),
            program.recursion_misses.value_or(0)};
}

/// Its work in a while. Nothing tells several links of one program apart.
struct work {
    record link;
    double runs_a_second;
    double time_a_run; // ns
    double processor;  // of one: percent
    std::uint64_t misses;
};

struct look {
    clock::time_point when;
    std::vector<record> links;
};

look take(options const& given, problems& report) {
    lookup names;
    auto links = all_links([&](bl::link_info const& info) { return given.wanted.may_match(info); },
                           names, report);
    std::erase_if(links, [&](record const& link) { return !given.wanted.matches(link); });
    return {clock::now(), std::move(links)};
}

std::vector<work> difference(look const& before, look const& now) {
    std::map<bl::program_id, counters> known;
    for (auto const& link : before.links)
        if (link.program) known.emplace(link.program->id, counters_of(*link.program));
    double const seconds = std::chrono::duration<double>(now.when - before.when).count();
    std::vector<work> all;
    for (auto const& link : now.links) {
        if (!link.program) continue;
        auto const then = known.find(link.program->id);
        if (then == known.end()) continue; // new
        auto const last = counters_of(*link.program);
        auto const runs = static_cast<double>(last.runs - then->second.runs);
        auto const time = static_cast<double>((last.time - then->second.time).count());
        all.push_back({link, runs / seconds, runs == 0 ? 0 : time / runs, time / seconds / 1e7,
                       last.misses - then->second.misses});
    }
    std::ranges::sort(all, [](work const& a, work const& b) {
        return std::pair{b.processor, a.link.info.id} < std::pair{a.processor, b.link.info.id};
    });
    return all;
}

std::string to_json(std::vector<work> const& all) {
    auto list = json::array();
    for (auto const& each : all)
        list.push_back({{"id", each.link.info.id.value()},
                        {"type", name_or_number(each.link.info.type)},
                        {"prog_id", each.link.info.program.value()},
                        {"prog_name", each.link.program->name},
                        {"runs_per_second", each.runs_a_second},
                        {"ns_per_run", each.time_a_run},
                        {"cpu_percent", each.processor},
                        {"recursion_misses", each.misses}});
    return to_text(list) + "\n";
}

struct shown {
    char const* heading;
    bool is_kept; // where there is room for a few
    std::string (*cell)(work const&);
};

constexpr shown columns[]{
    {"ID", true, [](work const& each) { return std::to_string(each.link.info.id.value()); }},
    {"TYPE", false, [](work const& each) { return to_string(each.link.info.type); }},
    {"PROGRAM", false,
     [](work const& each) { return program_text(each.link.info.program, each.link.program); }},
    {"RUNS/S", true, [](work const& each) { return fmt::format("{:.1f}", each.runs_a_second); }},
    {"NS/RUN", false, [](work const& each) { return fmt::format("{:.0f}", each.time_a_run); }},
    {"CPU%", true, [](work const& each) { return fmt::format("{:.3f}", each.processor); }},
    {"MISSES", false, [](work const& each) { return std::to_string(each.misses); }},
    {"TARGET", true, [](work const& each) { return target_of(each.link); }},
};

std::string to_table(std::vector<work> const& all, std::size_t limit) {
    constexpr std::size_t enough = 60;
    auto const width = output_width();
    auto const each_cell = [width](auto const& text_of) {
        table::cells cells;
        for (auto const& column : columns)
            if (column.is_kept || width >= enough) cells.push_back(text_of(column));
        return cells;
    };
    table rows{each_cell([](shown const& column) { return std::string{column.heading}; })};
    for (auto const& each : all) {
        if (limit-- == 0) break;
        rows.add(each_cell([&each](shown const& column) { return column.cell(each); }));
    }
    return rows.render(width, wants_colour());
}

void show(options const& given, std::vector<work> const& all) {
    if (given.json) return print(to_json(all));
    bool const is_screen = on_terminal();
    auto const height = output_height();
    auto limit = given.rows != 0 ? given.rows : height > 2 && is_screen ? height - 2 : all.size();
    // To the upper left corner, and nothing left below.
    print((is_screen ? "\x1b[H\x1b[2J" : "") + to_table(all, limit) + (is_screen ? "" : "\n"));
}

int run(options& given) {
    problems report;
    if (!given.wanted.resolve(report)) return report.exit_code();
    auto const counts = keep_counts();
    auto before = take(given, report);
    for (std::uint32_t done = 0; given.count == 0 || done != given.count; ++done) {
        std::this_thread::sleep_for(std::chrono::duration<double>(given.period));
        auto now = take(given, report);
        if (report.exit_code() != 0) break;
        show(given, difference(before, now));
        flush();
        before = std::move(now);
    }
    return report.exit_code();
}

action add(parameters const& takes) {
    constexpr auto most = std::numeric_limits<std::uint32_t>::max();
    auto const given = std::make_shared<options>();
    given->wanted.add_to(takes);
    takes
        .word(
            "--period",
            [given](std::string const& word) { given->period = parse_decimal(word, 0.01, 3600); },
            "Wait so many seconds from one look to the next (1)")
        .shown_as("SECONDS");
    takes
        .word(
            "--count",
            [given](std::string const& word) { given->count = parse_whole(word, 0, most); },
            "Print so many times, and end (0: without an end)")
        .shown_as("N");
    takes
        .word(
            "--rows",
            [given](std::string const& word) { given->rows = parse_whole(word, 0, most); },
            "Print so many rows at most (0: as many as fit); all with --json")
        .shown_as("N");
    takes.flag("--json", given->json, "Print an array a line, with a line for each look");
    takes.footer(
        "How often and how long the programs of links run, the busiest first. The kernel counts\n"
        "while this runs (BPF_ENABLE_STATS), which costs each run some ten nanoseconds. It counts\n"
        "on while anybody asks for it: another top does so as well, and kernel.bpf_stats_enabled\n"
        "stays 0. Links of one program have its numbers, each of them.\n"
        "\n"
        "Examples:\n"
        "  bpflink top\n"
        "  bpflink top --interface eth0 --count 1 --json");
    return [given] { return run(*given); };
}

} // namespace

constinit command const top_command{"top", "Show how often and how long programs run", group::look,
                                    add};

} // namespace tool
