// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "columns.hpp"
#include "commands.hpp"
#include "groups.hpp"
#include "json.hpp"
#include "output.hpp"
#include "problems.hpp"
#include "terminal.hpp"
#include "walk.hpp"

#include <bpflink/ids.hpp>
#include <bpflink/link_type.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace tool {
namespace {

namespace bl = bpflink;

struct options {
    std::optional<bl::link_type> type;
    std::optional<bl::program_id> program;
    bool pinned = false;
    bool json = false;
};

std::string to_table(std::vector<record> const& links, bool pinned) {
    table rows{headings(pinned)};
    for (auto const& link : links)
        rows.add(cells_of(link), state_of(link.info) == bl::link_state::defunct);
    return rows.render(output_width(), wants_colour());
}

int run(options const& given) {
    auto const wanted = [&](bl::link_info const& info) {
        return (!given.type || info.type == *given.type) &&
               (!given.program || info.program == *given.program);
    };
    problems report;
    auto const links = given.pinned ? pinned_links(wanted, report) : all_links(wanted, report);
    if (given.json)
        print(to_json(links) + "\n");
    else if (!links.empty() || report.exit_code() == 0)
        print(to_table(links, given.pinned));
    return report.exit_code();
}

action add(CLI::App& app) {
    auto const given = std::make_shared<options>();
    app.add_flag("--json", given->json, "Print JSON, with the keys of bpftool link");
    app.add_option_function<std::string>(
           "--type", [=](std::string const& word) { given->type = parse_type(word); },
           "Only links of this type (see below)")
        ->type_name("TYPE");
    app.add_option_function<std::string>(
           "--program",
           [=](std::string const& word) { given->program = bl::program_id{parse_id(word)}; },
           "Only links that run this program")
        ->type_name("ID");
    app.add_flag("--pinned", given->pinned,
                 "Only pinned links, with their paths on every bpffs mounted here");
    app.footer("A TYPE is the kernel's number, or one of\n" + type_names(80) +
               ".\n"
               "Devices have the names that they have in the network namespace of this command.\n"
               "\n"
               "Examples:\n"
               "  bpflink list\n"
               "  bpflink list --type cgroup --program 35\n"
               "  bpflink list --pinned --json");
    return [given] { return run(*given); };
}

} // namespace

constinit command const list_command{"list", "List links", group::look, add};

} // namespace tool
