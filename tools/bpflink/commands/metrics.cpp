// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"
#include "exposition.hpp"
#include "facts.hpp"
#include "filters.hpp"
#include "groups.hpp"
#include "output.hpp"
#include "problems.hpp"
#include "walk.hpp"
#include "write_file.hpp"

#include <bpflink/program_info.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tool {
namespace {

namespace bl = bpflink;

struct options {
    filters wanted;
    std::string output;
};

void add_counts(std::vector<record> const& links, exposition& to) {
    std::map<std::pair<std::string, std::string>, double> counts;
    for (auto const& link : links)
        ++counts[{to_string(link.info.type), to_string(link.state)}];
    to.begin("bpflink_links", "gauge", "Links in the kernel.");
    for (auto const& [which, count] : counts)
        to.add({{"type", which.first}, {"state", which.second}}, count);
}

void add_links(std::vector<record> const& links, exposition& to) {
    to.begin("bpflink_link_info", "gauge", "A link, and what it is on; always 1.");
    for (auto const& link : links)
        to.add({{"id", std::to_string(link.info.id.value())},
                {"type", to_string(link.info.type)},
                {"state", to_string(link.state)},
                {"program", std::to_string(link.info.program.value())},
                {"name", link.program ? link.program->name : std::string{}},
                {"target", target_of(link)}},
               1);
}

/// The programs of the links, each once.
using programs = std::map<bl::program_id, bl::program_info>;

labels labels_of(bl::program_info const& program) {
    return {{"program", std::to_string(program.id.value())}, {"name", program.name}};
}

void add_programs(programs const& all, exposition& to) {
    to.begin("bpflink_program_runs_total", "counter",
             "How often a program ran; kept while kernel.bpf_stats_enabled is 1.");
    for (auto const& [id, program] : all)
        if (program.run_count) to.add(labels_of(program), static_cast<double>(*program.run_count));
    to.begin("bpflink_program_run_seconds_total", "counter", "How long it ran.");
    for (auto const& [id, program] : all)
        if (program.run_time)
            to.add(labels_of(program), std::chrono::duration<double>(*program.run_time).count());
    to.begin("bpflink_program_recursion_misses_total", "counter",
             "How often it did not run, as it ran already on that processor.");
    for (auto const& [id, program] : all)
        if (program.recursion_misses)
            to.add(labels_of(program), static_cast<double>(*program.recursion_misses));
}

int run(options& given) {
    problems report;
    if (!given.wanted.resolve(report)) return report.exit_code();
    lookup names;
    auto links = all_links([&](bl::link_info const& info) { return given.wanted.may_match(info); },
                           names, report);
    // A file of a part would tell of links that have gone.
    if (report.exit_code() != 0) return report.exit_code();
    given.wanted.keep_matching(links, report);
    programs of_links;
    for (auto const& link : links)
        if (link.program) of_links.emplace(link.program->id, *link.program);

    exposition text;
    add_counts(links, text);
    add_links(links, text);
    add_programs(of_links, text);
    if (given.output.empty())
        print(text.text());
    else
        write_file(given.output, text.text());
    return 0;
}

action add(parameters const& takes) {
    auto const given = std::make_shared<options>();
    given->wanted.add_to(takes);
    takes
        .word("--output", given->output,
              "Write to this file; a reader sees all of it, or the old one")
        .shown_as("FILE");
    takes.footer(
        "Prometheus's text format, as node_exporter's textfile collector reads it.\n"
        "The FILE is replaced by a rename, with mode 0644, so its directory has to be\n"
        "writable. Where it is a symbolic link, the link stays, and the file behind it is\n"
        "replaced. The old text stays if anything fails, as on a full disk. FIFOs and devices\n"
        "are refused: leave out --output, and let the shell write to them by >.\n"
        "The new text is in FILE.bpflink-new meanwhile. A run that is killed may leave it\n"
        "there; the next run takes it over.\n"
        "\n"
        "Example:\n"
        "  bpflink metrics --output /var/lib/node_exporter/bpflink.prom");
    return [given] { return run(*given); };
}

} // namespace

constinit command const metrics_command{"metrics", "Print counters and links for Prometheus",
                                        group::look, add};

} // namespace tool
