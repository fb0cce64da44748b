// SPDX-License-Identifier: Apache-2.0
#include "columns.hpp"

#include "facts.hpp"
#include "kernel_names.hpp"
#include "parameters.hpp"
#include "program_text.hpp"

#include <bpflink/link_record.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <optional>
#include <strings.h>
#include <variant>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tool {
namespace {

namespace bl = bpflink;
using values = std::vector<std::string>;

values one_or_none(std::optional<std::string> value) {
    return value && !value->empty() ? values{*std::move(value)} : values{};
}

std::optional<json> find(record const& link, std::string_view key) {
    for (auto& each : facts_of(link))
        if (each.key == key) return std::move(each.value);
    return std::nullopt;
}

/// A number or text among the facts; 0 stands for none.
values fact_named(record const& link, std::string_view key) {
    auto const value = find(link, key);
    if (!value || *value == 0) return {};
    return {value->is_string() ? value->get<std::string>() : value->dump()};
}

values netns_of(record const& link) {
    if (!link.netns || *link.netns == bl::netns_inode{}) return {}; // unknown, or gone
    auto text = std::to_string(link.netns->value());
    if (link.elsewhere && !link.elsewhere->empty()) text += fmt::format(" ({})", *link.elsewhere);
    return {text};
}

/// "vfs_read cookie 9", "offset 0x1140": the numbers that differ from 0, by the keys of the facts.
std::string text_of_place(json const& place) {
    std::vector<std::string> parts;
    if (auto const name = place.find("func"); name != place.end())
        parts.push_back(function_name{*name, place.value("module", json{}).is_null()
                                                 ? std::string{}
                                                 : place.at("module").get<std::string>()}
                            .text());
    for (auto const& [key, value] : place.items()) {
        if (!value.is_number() || value == 0 || (key == "addr" && !parts.empty())) continue;
        auto const number = value.get<std::uint64_t>();
        parts.push_back(key == "cookie" || key == "target_btf_id"
                            ? fmt::format("{} {}", key, number)
                            : fmt::format("{} {:#x}", key, number));
    }
    return fmt::format("{}", fmt::join(parts, " "));
}

values places_of(record const& link) {
    values all;
    for (auto const& place : find(link, "funcs").value_or(json::array()))
        all.push_back(text_of_place(place));
    return all;
}

values maps_of(record const& link) {
    values all;
    if (link.program)
        for (auto const map : link.program->maps)
            all.push_back(std::to_string(map.value()));
    return all;
}

values runs_of(record const& link) {
    if (!link.program || !link.program->run_count) return {};
    return {std::to_string(*link.program->run_count)};
}

values run_time_of(record const& link) {
    if (!link.program || !link.program->run_time) return {};
    return {fmt::format("{}", *link.program->run_time)};
}

values misses_of(record const& link) {
    if (!link.program || link.program->recursion_misses.value_or(0) == 0) return {};
    return {std::to_string(*link.program->recursion_misses)};
}

values holders_of(record const& link) {
    values all;
    if (!link.holders) return all;
    for (auto const& each : link.holders->processes)
        all.push_back(each.command.empty() ? std::to_string(each.process)
                                           : fmt::format("{} {}", each.process, each.command));
    return all;
}

using enum column_needs;

constexpr std::array columns{
    column{"ID", "the link's id", nothing,
           [](record const& link) { return values{std::to_string(link.info.id.value())}; }},
    column{"TYPE", "the kind of link", nothing,
           [](record const& link) { return values{to_string(link.info.type)}; }},
    column{
        "PROGRAM", "id and name of the program that it runs", nothing,
        [](record const& link) { return values{program_text(link.info.program, link.program)}; }},
    column{"STATE", "attached, defunct, or unknown", nothing,
           [](record const& link) { return values{to_string(link.state)}; }},
    column{"TARGET", "the place it is attached to", nothing,
           [](record const& link) { return values{target_of(link)}; }},
    column{"ATTACH", "the place on the hook", nothing,
           [](record const& link) { return fact_named(link, "attach_type"); }},
    column{"INTERFACE", "the interface's name, where proven", nothing,
           [](record const& link) { return one_or_none(link.device); }},
    column{"NETNS", "the network namespace's inode, and its name", nothing, netns_of},
    column{"CGROUP", "the cgroup's path", nothing,
           [](record const& link) { return one_or_none(link.cgroup); }},
    column{"COOKIE", "the program's cookie", nothing,
           [](record const& link) { return fact_named(link, "cookie"); }},
    column{"PLACES", "of a multi link: functions or offsets, with cookies", nothing, places_of},
    column{"NAME", "the program's name", nothing,
           [](record const& link) {
               return one_or_none(link.program ? std::optional{link.program->name} : std::nullopt);
           }},
    column{"KIND", "the program's type", nothing,
           [](record const& link) {
               return link.program ? values{to_string(link.program->type)} : values{};
           }},
    column{
        "TAG", "the hash of its instructions", nothing,
        [](record const& link) { return link.program ? values{tag_of(*link.program)} : values{}; }},
    column{"LOADED", "when the program was loaded", nothing,
           [](record const& link) {
               return link.program ? values{loaded_text(*link.program)} : values{};
           }},
    column{"UID", "the user who loaded it", nothing,
           [](record const& link) {
               return link.program ? values{std::to_string(link.program->uid)} : values{};
           }},
    column{"MAPS", "the ids of its maps", nothing, maps_of},
    column{"RUNS", "how often it ran (kernel.bpf_stats_enabled)", nothing, runs_of},
    column{"RUNTIME", "how long it ran in all", nothing, run_time_of},
    column{"MISSES", "how often it did not run, as it ran already", nothing, misses_of},
    column{"HOLDERS", "the processes that have the link open", holders, holders_of},
    column{"PINNED", "the paths of its pins", pins,
           [](record const& link) { return link.pinned.value_or(values{}); }},
};

} // namespace

std::span<column const> all_columns() {
    return columns;
}

std::span<column const> basic_columns() {
    return std::span{columns}.first(5);
}

column const& column_named(std::string_view name) {
    std::string const wanted{name};
    for (auto const& each : columns)
        if (::strcasecmp(wanted.c_str(), std::string{each.name}.c_str()) == 0) return each;
    std::vector<std::string_view> names;
    std::ranges::transform(columns, std::back_inserter(names), &column::name);
    throw usage_error{
        fmt::format("'{}' is not a column: give some of {}", wanted, fmt::join(names, ", "))};
}

std::string column_help() {
    std::string text;
    for (auto const& each : columns)
        text += fmt::format("  {:<10} {}\n", each.name, each.summary);
    return text;
}

std::string cell_of(column const& which, record const& link) {
    auto all = which.values(link);
    if (all.size() == 1) return std::move(all.front());
    return all.empty() ? "-" : fmt::format("{}", fmt::join(all, ", "));
}

} // namespace tool
