// SPDX-License-Identifier: Apache-2.0
#include "help_text.hpp"

#include "filling.hpp"
#include "manual/description.hpp"
#include "terminal.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tool {
namespace {

std::size_t width() {
    constexpr std::size_t usual = 80;
    auto const given = output_width();
    return given == std::numeric_limits<std::size_t>::max() ? usual
                                                            : std::min(given, most_readable);
}

/// Where texts begin: beside the names, or below them where that leaves no room.
std::size_t column() {
    constexpr std::size_t least = 60;
    return width() < least ? 6 : 30;
}

std::string row(std::string const& name, std::string const& text) {
    auto const indent = column();
    auto head = "  " + name;
    if (text.empty()) return head + "\n";
    if (head.size() + 2 > indent)
        head.append(1, '\n').append(indent, ' ');
    else
        head.resize(indent, ' ');
    return head + filled(text, indent, width()) + "\n";
}

std::string row(option_description const& option) {
    auto name =
        option.names.empty() ? option.value : fmt::format("{}", fmt::join(option.names, ","));
    if (!option.names.empty() && !option.value.empty()) name += " " + option.value;
    if (option.is_list) name += " ...";
    if (option.is_required) name += " REQUIRED";
    if (!option.needs.empty()) name += fmt::format(" Needs: {}", fmt::join(option.needs, " "));
    if (!option.excludes.empty())
        name += fmt::format(" Excludes: {}", fmt::join(option.excludes, " "));
    return row(name, option.text);
}

std::string rows(std::string_view heading, std::vector<option_description> const& options) {
    if (options.empty()) return {};
    auto text = fmt::format("\n{}:\n", heading);
    for (auto const& each : options)
        text += row(each);
    return text;
}

/// Below the heading of their group, which are neighbours.
std::string rows(std::vector<command_description> const& commands) {
    std::string text;
    std::string_view group;
    for (auto const& each : commands) {
        if (each.group != group) text += fmt::format("\n{}:\n", group = each.group);
        text += row(each.name, each.summary);
    }
    return text;
}

std::string usage(command_description const& command, std::string const& name) {
    auto text = fmt::format("Usage: {} [OPTIONS]", name);
    for (auto const& each : command.positionals)
        text += each.is_required ? " " + each.value : " [" + each.value + "]";
    return command.choice.empty() ? text : text + " " + command.choice;
}

std::string footer_text(std::string_view footer) {
    std::string text;
    for (auto const& part : parts_of(footer))
        text += (part.is_apart ? "\n" : "") +
                (part.is_kept ? part.text : filled(part.text, 0, width())) + "\n";
    return text;
}

} // namespace

std::string help_text::make_help(CLI::App const* app, std::string name,
                                 CLI::AppFormatMode /*mode*/) const {
    auto const command = describe(*app);
    return filled(command.summary, 0, width()) + "\n" + filled(usage(command, name), 0, width()) +
           "\n" + rows("Positionals", command.positionals) + rows("Options", command.options) +
           rows(command.subcommands) + "\n" + footer_text(command.footer);
}

} // namespace tool
