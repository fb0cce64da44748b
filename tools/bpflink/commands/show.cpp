// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "columns.hpp"
#include "commands.hpp"
#include "groups.hpp"
#include "json.hpp"
#include "output.hpp"
#include "problems.hpp"
#include "text.hpp"
#include "walk.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace tool {
namespace {

namespace bl = bpflink;

struct options {
    link_argument link;
    bool json = false;
};

/// One link as the transposed table: a line for each column, and one for each pin.
std::string to_lines(record const& link) {
    auto const labels = headings(true);
    auto cells = cells_of(link);
    cells.pop_back();
    std::string text;
    auto const add = [&](std::size_t column, std::string_view cell) {
        text += fmt::format("{:<9}{}\n", labels[column], printable(cell));
    };
    for (std::size_t i = 0; i != cells.size(); ++i)
        add(i, cells[i]);
    for (auto const& path : *link.pinned)
        add(cells.size(), path);
    return text;
}

int run(options const& given) {
    auto info = open(given.link).and_then(&bl::link::info);
    if (!info) {
        complain(info.error().message());
        return failure;
    }
    problems report;
    interfaces here;
    auto link = make_record(*std::move(info), here);
    link.pinned = pins_of(link.info.id, report);
    print(given.json ? to_json(link) + "\n" : to_lines(link));
    return report.exit_code();
}

action add(CLI::App& app) {
    auto const given = std::make_shared<options>();
    add_link(app, given->link);
    app.add_flag("--json", given->json, "Print JSON, with the keys of bpftool link");
    app.footer("Examples:\n"
               "  bpflink show 17\n"
               "  bpflink show 17 --json");
    return [given] { return run(*given); };
}

} // namespace

constinit command const show_command{"show", "Show one link, and where it is pinned", group::look,
                                     add};

} // namespace tool
