// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"
#include "groups.hpp"
#include "json.hpp"
#include "on/target.hpp"
#include "output.hpp"
#include "pager.hpp"
#include "problems.hpp"
#include "program_text.hpp"
#include "table.hpp"
#include "terminal.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tool {
namespace {

struct options {
    std::string target;
    bool json = false;
};

std::string to_json(on::programs const& all, lookup& names) {
    std::vector<json> objects;
    for (auto const& each : all) {
        auto& one = objects.emplace_back(
            json{{"hook", each.hook},
                 {"link", each.link ? json(each.link->value()) : json(nullptr)},
                 {"prog_id", each.program.value()}});
        if (auto const program = names.program(each.program)) one["prog_name"] = program->name;
        if (!each.from.empty()) one["from"] = each.from;
        if (!each.note.empty()) one["note"] = each.note;
    }
    return to_lines(objects);
}

/// Without the columns that say nothing.
std::string to_table(on::programs const& all, lookup& names) {
    bool const has_from = !std::ranges::all_of(all, &std::string::empty, &on::attached::from);
    bool const has_note = !std::ranges::all_of(all, &std::string::empty, &on::attached::note);
    table::cells headings{"HOOK", "LINK", "PROGRAM"};
    if (has_from) headings.emplace_back("WHERE");
    if (has_note) headings.emplace_back("NOTE");
    table rows{headings};
    for (auto const& each : all) {
        table::cells cells{each.hook, each.link ? std::to_string(each.link->value()) : "-",
                           program_text(each.program, names.program(each.program))};
        if (has_from) cells.push_back(each.from);
        if (has_note) cells.push_back(each.note);
        rows.add(cells, !each.link);
    }
    return rows.render(output_width(), wants_colour());
}

/// Whether an earlier look tells the same, of a program that no link was seen of.
bool is_confirmed(on::attached const& one, on::programs const& earlier) {
    return !one.unseen || std::ranges::find(earlier, one) != earlier.end();
}

/// Looks until two looks agree on what is not a link, and the hook did not change between them as
/// far as the kernel tells. Otherwise it is perhaps a link, one that came and went between looks.
on::programs look_at(std::string const& target, lookup& names, problems& report) {
    constexpr int most = 5; // there may be no end of links that come and go
    auto const look = [&] {
        on::programs all;
        on::add_target(target, names, all, report);
        return all;
    };
    on::programs earlier;
    auto all = look();
    auto const is_settled = [&](on::attached const& each) { return is_confirmed(each, earlier); };
    for (int looks = 1; looks != most && !std::ranges::all_of(all, is_settled); ++looks)
        earlier = std::exchange(all, look());
    for (auto& each : all)
        if (!is_settled(each))
            each.note.replace(0, std::string_view{on::not_a_link}.size(), on::perhaps_a_link);
    return all;
}

int run(options const& given) {
    problems report;
    lookup names;
    on::programs all;
    try {
        all = look_at(given.target, names, report);
    } catch (usage_error const&) {
        throw;
    } catch (std::exception const&) {
        if (given.json) print("[]\n");
        throw;
    }
    if (given.json)
        print(to_json(all, names));
    else if (!all.empty() || report.exit_code() == 0)
        print_long(to_table(all, names));
    return report.exit_code();
}

action add(parameters const& takes) {
    auto const given = std::make_shared<options>();
    takes.word("TARGET", given->target, "Look at this place (see below)").required();
    takes.flag("--json", given->json,
               "Print JSON: hook, link (or null), prog_id, prog_name, from, note");
    takes.footer(
        "A TARGET is one of\n"
        "  eth0, blue:eth0        an interface, of here or of the network namespace blue\n"
        "  /sys/fs/cgroup/web     a cgroup: its own programs and those that it inherits\n"
        "  1234                   a process: links that it has open, uprobes in its\n"
        "                         program and libraries, programs of its cgroup and\n"
        "                         network namespace\n"
        "  /usr/bin/app           a file: uprobes in it\n"
        "  map:7, /sys/fs/bpf/m   a map, by its id or pin\n"
        "  /run/netns/blue        a network namespace: also netfilter\n"
        "\n"
        "The programs of one hook are in the order that they run in. A program that is not there\n"
        "by a link (netlink for XDP, a filter of tc, BPF_PROG_ATTACH) says so. Actions of tc\n"
        "(act_bpf) are not looked at.\n"
        "\n"
        "Examples:\n"
        "  bpflink on eth0\n"
        "  bpflink on /sys/fs/cgroup/web --json");
    return [given] { return run(*given); };
}

} // namespace

constinit command const on_command{
    "on", "Tell what runs on an interface, cgroup, process, file or map, in order", group::look,
    add};

} // namespace tool
