// SPDX-License-Identifier: Apache-2.0
#include "columns.hpp"
#include "commands.hpp"
#include "filters.hpp"
#include "groups.hpp"
#include "json.hpp"
#include "output.hpp"
#include "pager.hpp"
#include "problems.hpp"
#include "table.hpp"
#include "terminal.hpp"
#include "walk.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace tool {
namespace {

namespace bl = bpflink;
using column_list = std::vector<column const*>;

struct options {
    filters wanted;
    std::vector<std::string> columns;
    column const* order = nullptr;
    bool reverse = false;
    bool holders = false;
    bool ids_only = false;
    bool no_headings = false;
    bool exit_code = false;
    bool json = false;
};

/// The usual columns, but those that leave the target no room.
column_list usual_columns() {
    auto const width = output_width();
    if (width < 30) return {&column_named("ID"), &column_named("TARGET")};
    if (width < 50) return {&column_named("ID"), &column_named("TYPE"), &column_named("TARGET")};
    column_list all;
    for (auto const& usual : basic_columns())
        all.push_back(&usual);
    return all;
}

/// As -o says: "+A,B" adds to the usual ones, "A,B" is all.
column_list chosen_columns(options const& given) {
    column_list chosen;
    auto const add = [&](column const& one) {
        if (std::ranges::find(chosen, &one) == chosen.end()) chosen.push_back(&one);
    };
    bool const adds = given.columns.empty() || given.columns.front().starts_with('+');
    if (adds)
        for (auto const* const usual : usual_columns())
            add(*usual);
    if (adds && given.holders) add(column_named("HOLDERS"));
    for (std::string_view name : given.columns) {
        if (name.starts_with('+')) name.remove_prefix(1);
        add(column_named(name));
    }
    if (adds && given.wanted.pinned()) add(column_named("PINNED"));
    return chosen;
}

/// By the numbers in them, if any; equal ones by id.
void sort_by(column const& order, bool reverse, std::vector<record>& links) {
    std::ranges::sort(links, [&](record const& a, record const& b) {
        auto const before = cell_of(order, reverse ? b : a);
        auto const after = cell_of(order, reverse ? a : b);
        int const order_of_both = ::strverscmp(before.c_str(), after.c_str());
        return order_of_both == 0 ? a.info.id < b.info.id : order_of_both < 0;
    });
}

std::string to_table(std::vector<record> const& links, column_list const& chosen, bool headings) {
    table::cells names;
    for (auto const* const each : chosen)
        names.emplace_back(each->name);
    table rows{names};
    table::cells cells;
    for (auto const& link : links) {
        cells.clear();
        for (auto const* const each : chosen)
            cells.push_back(cell_of(*each, link));
        rows.add(cells, link.state == bl::link_state::defunct);
    }
    return rows.render(output_width(), wants_colour(), headings);
}

std::string to_ids(std::vector<record> const& links) {
    std::string text;
    for (auto const& link : links)
        text += fmt::format("{}\n", link.info.id.value());
    return text;
}

std::vector<record> find(options const& given, column_list const& chosen, problems& report) {
    auto const may_match = [&](bl::link_info const& info) { return given.wanted.may_match(info); };
    auto const needs = [&](column_needs what) {
        return std::ranges::find(chosen, what, &column::needs) != chosen.end();
    };
    lookup names;
    auto links = given.wanted.pinned() ? pinned_links(may_match, names, report)
                                       : all_links(may_match, names, report);
    given.wanted.keep_matching(links, report);
    if (needs(column_needs::pins) && !given.wanted.pinned()) look_for_pins(links, report);
    if (given.holders || needs(column_needs::holders)) look_for_holders(links, report);
    if (given.order)
        sort_by(*given.order, given.reverse, links);
    else if (given.reverse)
        std::ranges::reverse(links);
    return links;
}

int run(options& given) {
    problems report;
    if (!given.wanted.resolve(report)) {
        if (given.json) print("[]\n");
        return report.exit_code();
    }
    auto chosen = chosen_columns(given);
    if (given.order && given.order->needs != column_needs::nothing) chosen.push_back(given.order);
    auto const links = find(given, chosen, report);
    if (given.order && given.order->needs != column_needs::nothing) chosen.pop_back();
    if (given.json)
        print(to_lines(links));
    else if (given.ids_only)
        print(to_ids(links));
    else if (!links.empty() || report.exit_code() == 0)
        print_long(to_table(links, chosen, !given.no_headings));
    if (given.exit_code && links.empty() && report.exit_code() == 0) return no_match;
    return report.exit_code();
}

action add(parameters const& takes) {
    auto const given = std::make_shared<options>();
    given->wanted.add_to(takes);
    given->wanted.add_momentary_to(takes);
    takes
        .list(
            "-o,--columns",
            [given](std::vector<std::string> const& names) {
                given->columns = names;
                static_cast<void>(chosen_columns(*given)); // are they columns?
            },
            "These columns alone; with a + beside the usual ones (see below)")
        .shown_as("[+]COLUMN");
    takes
        .word(
            "--sort", [given](std::string const& name) { given->order = &column_named(name); },
            "Sort by this column, and not by id")
        .shown_as("COLUMN");
    takes.flag("--reverse", given->reverse, "Print the last one first");
    takes.flag("--holders", given->holders, "Tell the processes that have a link open");
    auto const quiet =
        takes.flag("-q,--quiet", given->ids_only, "Print ids alone, one a line; not with --json");
    takes.flag("--no-headings", given->no_headings, "Print no line of headings");
    takes.flag("--exit-code", given->exit_code, "Exit with 3 if no link matches");
    takes.flag("--json", given->json, "Print JSON, with the keys of bpftool link").excludes(quiet);
    takes.footer(
        "All filters have to hold. A list with commas matches if any of its words does.\n"
        "\n"
        "A TYPE is the kernel's number, or one of\n" +
        type_names() +
        ".\n"
        "\n"
        "A COLUMN is one of\n" +
        column_help() +
        "\n"
        "A device has a name where its network namespace is proven, and is this one or has a\n"
        "name in /run/netns.\n"
        "\n"
        "Examples:\n"
        "  bpflink list\n"
        "  bpflink list --type cgroup --program 35\n"
        "  bpflink list --interface eth0 -o +TAG,LOADED\n"
        "  bpflink list -q --state defunct\n"
        "  bpflink list --pinned --json");
    return [given] { return run(*given); };
}

} // namespace

constinit command const list_command{"list", "List links", group::look, add};

} // namespace tool
