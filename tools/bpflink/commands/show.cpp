// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "columns.hpp"
#include "commands.hpp"
#include "filling.hpp"
#include "groups.hpp"
#include "json.hpp"
#include "output.hpp"
#include "pager.hpp"
#include "problems.hpp"
#include "walk.hpp"

#include <bpflink/lifecycle/holders.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace tool {
namespace {

namespace bl = bpflink;

struct options {
    link_argument link;
    bool json = false;
};

/// Facts that the target and the program tell already.
bool is_said(column const& which) {
    return which.name == "INTERFACE" || which.name == "CGROUP" || which.name == "NAME" ||
           which.name == "ATTACH" || which.name == "COOKIE";
}

std::string line(std::string_view name, std::string_view value) {
    constexpr std::size_t indent = 9;
    return fmt::format("{:<{}}{}\n", name, indent, prose(value, indent));
}

/// A line for each fact.
std::string to_lines(record const& link) {
    std::string text;
    for (auto const& each : all_columns()) {
        if (is_said(each)) continue;
        for (auto const& value : each.values(link))
            text += line(each.name, value);
    }
    if (link.holders && !link.holders->complete()) text += line("UNSEEN", link.holders->unseen);
    return text;
}

/// The same, and all that the kernel says of the program.
json to_object(record const& link) {
    auto object = json_of(link);
    if (link.program) object["prog"] = json_of(*link.program);
    if (link.holders && !link.holders->complete()) object["unseen"] = link.holders->unseen;
    return object;
}

int run(options const& given) {
    problems report;
    auto info = report.value_of(open(given.link).and_then(&bl::link::info));
    if (!info) {
        if (given.json) print("null\n");
        return report.exit_code();
    }
    lookup names;
    auto link = make_record(*std::move(info), names);
    if (auto holders = bl::holders(link.info.id)) {
        link.pinned = holders->pins;
        link.holders = *std::move(holders);
    } else {
        report(holders.error());
        link.pinned = all_pins(report)[link.info.id];
    }
    print_long(given.json ? to_text(to_object(link)) + "\n" : to_lines(link));
    return report.exit_code();
}

action add(parameters const& takes) {
    auto const given = std::make_shared<options>();
    add_link(takes, given->link);
    takes.flag("--json", given->json, "Print JSON, with the keys of bpftool link and prog");
    takes.footer("Examples:\n"
                 "  bpflink show 17\n"
                 "  bpflink show /sys/fs/bpf/eth0_xdp --json");
    return [given] { return run(*given); };
}

} // namespace

constinit command const show_command{"show", "Show one link: its program, holders and pins",
                                     group::look, add};

} // namespace tool
