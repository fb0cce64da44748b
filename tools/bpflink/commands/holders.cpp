// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "commands.hpp"
#include "groups.hpp"
#include "json.hpp"
#include "output.hpp"
#include "pager.hpp"
#include "problems.hpp"
#include "table.hpp"
#include "terminal.hpp"

#include <bpflink/lifecycle/holders.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace tool {
namespace {

namespace bl = bpflink;
using all_holders = std::map<bl::link_id, bl::link_holders>;

struct options {
    std::optional<link_argument> link;
    bool json = false;
};

bl::result<bl::link_id> id_of(link_argument const& link) {
    if (auto const* const id = std::get_if<bl::link_id>(&link)) return *id;
    return open(link).and_then(&bl::link::info).map([](bl::link_info const& info) {
        return info.id;
    });
}

/// Of the one link, or of all.
bl::result<all_holders> look(options const& given) {
    if (!given.link) return bl::holders();
    return id_of(*given.link).and_then([](bl::link_id id) {
        return bl::holders(id).map(
            [id](bl::link_holders&& found) { return all_holders{{id, std::move(found)}}; });
    });
}

std::string to_json(all_holders const& all) {
    std::vector<json> objects;
    for (auto const& [id, held] : all) {
        auto& one = objects.emplace_back(
            json{{"id", id.value()}, {"pids", processes_of(held)}, {"pinned", held.pins}});
        if (!held.complete()) one["unseen"] = held.unseen;
    }
    return to_lines(objects);
}

std::string to_table(all_holders const& all) {
    table rows{{"LINK", "PROCESS", "DESCRIPTORS", "HOLDER"}};
    for (auto const& [id, held] : all) {
        auto const link = std::to_string(id.value());
        for (auto const& each : held.processes)
            rows.add({link, std::to_string(each.process), std::to_string(each.descriptors),
                      each.command});
        for (auto const& pin : held.pins)
            rows.add({link, "-", "-", pin});
        if (held.processes.empty() && held.pins.empty())
            rows.add({link, "-", "-", "nobody that can be seen"}, true);
    }
    return rows.render(output_width(), wants_colour());
}

int run(options const& given) {
    problems report;
    auto const all = report.value_of(look(given));
    if (!all) {
        if (given.json) print("[]\n");
        return report.exit_code();
    }
    print_long(given.json ? to_json(*all) : to_table(*all));
    for (auto const& [id, held] : *all) {
        if (given.json || held.complete()) continue;
        report.note("there may be more holders: " + held.unseen);
        break; // it is the same of all
    }
    return report.exit_code();
}

action add(parameters const& takes) {
    auto const given = std::make_shared<options>();
    takes.word(
        "ID|PATH", [given](std::string const& word) { given->link = parse_link(word); },
        "The link, by its id or a pin; without it, every link");
    takes.flag("--json", given->json, "Print JSON: id, pids, pinned, and unseen");
    takes.footer("A link lives as long as a process has it open or a pin names it.\n"
                 "\n"
                 "Examples:\n"
                 "  bpflink holders 17\n"
                 "  bpflink holders --json");
    return [given] { return run(*given); };
}

} // namespace

constinit command const holders_command{
    "holders", "Tell the processes and pins that keep a link alive", group::look, add};

} // namespace tool
