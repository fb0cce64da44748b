// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"

#include "json.hpp"
#include "output.hpp"
#include "pinned.hpp"
#include "record.hpp"
#include "table.hpp"
#include "target.hpp"
#include "terminal.hpp"
#include "text.hpp"

#include <bpflink/link.hpp>
#include <bpflink/views/adaptors.hpp>
#include <bpflink/views/infos.hpp>
#include <bpflink/views/snapshot.hpp>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace tool {
namespace {

namespace bl = bpflink;

constexpr int failure = 1;

/// Complains of errors and remembers that there was one.
class problems {
public:
    void operator()(bl::error const& e) {
        complain(e.message());
        any_ = true;
    }
    [[nodiscard]] int exit_code() const noexcept { return any_ ? failure : 0; }

private:
    bool any_ = false;
};

int exit_code(bl::result<void> const& outcome) {
    if (outcome) return 0;
    complain(outcome.error().message());
    return failure;
}

/// Whether a link may not be opened by its id, where the walk itself may go on.
bool is_kept(bl::error const& e) {
    return e.where() == bl::operation::link_get_fd_by_id && e == bl::errc::permission_denied;
}

/// Adds the links that a security module keeps from being opened, by what a snapshot tells.
void add_kept(std::vector<record>& links, auto const& wanted, interfaces& here,
              bl::error const& why, problems& report) {
    auto const all = bl::snapshot();
    if (!all) return report(why);
    auto const id_of = [](record const& link) { return link.info.id; };
    auto const known = std::ssize(links);
    for (auto const& each : *all) {
        auto info = info_of(each);
        if (!wanted(info) || std::ranges::find(links, info.id, id_of) != links.end()) continue;
        links.push_back(make_record(std::move(info), here));
    }
    std::ranges::inplace_merge(links, links.begin() + known, {}, id_of);
}

std::vector<record> all_links(auto const& wanted, problems& report) {
    std::vector<record> links;
    std::optional<bl::error> kept;
    interfaces here;
    for (auto&& info : bl::infos() | std::views::filter(bl::where(wanted))) {
        if (info)
            links.push_back(make_record(*std::move(info), here));
        else if (is_kept(info.error()))
            kept = info.error();
        else
            report(info.error());
    }
    if (kept) add_kept(links, wanted, here, *kept, report);
    return links;
}

/// By way of the pins, so that whoever may read them needs no privilege to list all links.
std::vector<record> pinned_links(auto const& wanted, problems& report) {
    std::map<bl::link_id, record> links;
    interfaces here;
    auto const add = [&](bl::pin_entry pin) {
        auto info = bl::link::load_pinned(pin.path).and_then(&bl::link::info);
        if (!info && info.error() == bl::errc::not_found) return; // unpinned meanwhile
        if (!info) return report(info.error());
        if (!wanted(*info)) return;
        auto& link = links.try_emplace(info->id, make_record(*info, here)).first->second;
        if (!link.pinned) link.pinned.emplace();
        link.pinned->push_back(std::move(pin.path));
    };
    for_each_pin(add, std::ref(report));
    std::vector<record> sorted;
    for (auto& link : links | std::views::values) {
        std::ranges::sort(*link.pinned);
        sorted.push_back(std::move(link));
    }
    return sorted;
}

std::vector<std::string> pins_of(bl::link_id id, problems& report) {
    std::vector<std::string> paths;
    auto const add = [&](bl::pin_entry pin) {
        if (pin.id == id) paths.push_back(std::move(pin.path));
    };
    for_each_pin(add, std::ref(report));
    std::ranges::sort(paths);
    return paths;
}

table::cells headings(bool pinned) {
    table::cells all{"ID", "TYPE", "PROGRAM", "STATE", "TARGET"};
    if (pinned) all.emplace_back("PINNED");
    return all;
}

table::cells cells_of(record const& link) {
    auto const& info = link.info;
    table::cells all{std::to_string(info.id.value()), to_string(info.type),
                     info.program == bl::program_id{} ? "-" : std::to_string(info.program.value()),
                     to_string(state_of(info)), target_of(link)};
    if (link.pinned) all.push_back(fmt::format("{}", fmt::join(*link.pinned, ", ")));
    return all;
}

std::string to_table(std::vector<record> const& links, bool pinned) {
    table rows{headings(pinned)};
    for (auto const& link : links)
        rows.add(cells_of(link), state_of(link.info) == bl::link_state::defunct);
    return rows.render(output_width(), wants_colour());
}

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

} // namespace

int list(list_options const& options) {
    auto const wanted = [&](bl::link_info const& info) {
        return (!options.type || info.type == *options.type) &&
               (!options.program || info.program == *options.program);
    };
    problems report;
    auto const links = options.pinned ? pinned_links(wanted, report) : all_links(wanted, report);
    if (options.json)
        print(to_json(links) + "\n");
    else if (!links.empty() || report.exit_code() == 0)
        print(to_table(links, options.pinned));
    return report.exit_code();
}

int show(bl::link_id id, bool json) {
    auto info = bl::link::from_id(id).and_then(&bl::link::info);
    if (!info) {
        complain(info.error().message());
        return failure;
    }
    problems report;
    interfaces here;
    auto link = make_record(*std::move(info), here);
    link.pinned = pins_of(id, report);
    print(json ? to_json(link) + "\n" : to_lines(link));
    return report.exit_code();
}

int pin(bl::link_id id, std::string const& path) {
    return exit_code(
        bl::link::from_id(id).and_then([&](bl::link&& link) { return link.pin(path); }));
}

int unpin(std::string const& path) {
    return exit_code(
        bl::link::load_pinned(path).and_then([](bl::link&& link) { return link.unpin(); }));
}

int detach(bl::link_id id) {
    return exit_code(bl::link::from_id(id).and_then([](bl::link&& link) { return link.detach(); }));
}

} // namespace tool
