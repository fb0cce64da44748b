// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"
#include "filling.hpp"
#include "findings.hpp"
#include "groups.hpp"
#include "json.hpp"
#include "output.hpp"
#include "problems.hpp"
#include "walk.hpp"

#include <bpflink/link.hpp>
#include <bpflink/views/pins.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace tool {
namespace {

namespace bl = bpflink;

std::vector<record> links_with_holders(problems& report) {
    lookup names;
    auto links = all_links([](bl::link_info const&) { return true; }, names, report);
    look_for_holders(links, report);
    for (auto& link : links)
        if (link.holders) link.pinned = link.holders->pins;
    return links;
}

std::vector<std::string> temporary_pins(problems& report) {
    std::vector<std::string> paths;
    for (auto&& pin : bl::pins())
        if (!pin)
            report(pin.error());
        else if (pin->temporary)
            paths.push_back(pin->path);
    return paths;
}

std::vector<finding> look(problems& report) {
    std::vector<finding> all;
    auto const add = [&](std::vector<finding> more) {
        std::ranges::move(more, std::back_inserter(all));
    };
    auto const links = links_with_holders(report);
    add(find_defunct(links));
    add(find_twice(links));
    add(find_temporary(temporary_pins(report)));
    add(find_lockdown());
    add(find_memlock());
    add(find_kept_by_pins(links));
    return all;
}

std::string to_json_text(std::vector<finding> const& all) {
    auto array = json::array();
    for (auto const& each : all) {
        auto links = json::array();
        for (auto const id : each.links)
            links.push_back(id.value());
        array.push_back({{"kind", each.kind},
                         {"note", each.is_note},
                         {"what", each.what},
                         {"remedy", each.remedy},
                         {"links", links}});
    }
    return to_text(array);
}

void say_all(std::vector<finding> const& all) {
    for (auto const& each : all) {
        print(prose((each.is_note ? "note: " : "") + each.what) + "\n");
        print("  " + prose(each.remedy, 2) + "\n");
    }
}

int run(bool wants_json) {
    problems report;
    auto const all = look(report);
    if (wants_json)
        print(to_json_text(all) + "\n");
    else
        say_all(all);
    // A look that failed is not an answer.
    if (!wants_json && all.empty() && report.exit_code() == 0) say("nothing was found");
    bool const is_well = std::ranges::all_of(all, &finding::is_note);
    return is_well ? report.exit_code() : failure;
}

action add(parameters const& takes) {
    auto const wants_json = std::make_shared<bool>(false);
    takes.flag("--json", *wants_json, "Print JSON");
    takes.footer(
        "It looks for defunct links and their pins, and for programs attached twice to one\n"
        "place. It also looks for temporary names of pins, kernel lockdown, and too little\n"
        "locked memory (before 5.11). A note tells what may be meant so: links that\n"
        "nothing but a pin keeps. Nothing is changed.\n"
        "The exit status is 1 if something was found that is not a note.\n"
        "\n"
        "Examples:\n"
        "  bpflink doctor\n"
        "  bpflink doctor --json");
    return [wants_json] { return run(*wants_json); };
}

} // namespace

constinit command const doctor_command{"doctor", "Find what is wrong, and say what to do about it",
                                       group::kernel, add};

} // namespace tool
