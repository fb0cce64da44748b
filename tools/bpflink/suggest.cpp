// SPDX-License-Identifier: Apache-2.0
#include "suggest.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <fmt/format.h>

namespace tool {
namespace {

/// "; did you mean 'list'?", or nothing where no name is near.
std::string suggestion(std::string_view word, std::vector<std::string> const& names) {
    std::string const* nearest = nullptr;
    auto least = std::max<std::size_t>(word.size() / 3, 1) + 1; // farther off is another word
    for (auto const& name : names)
        if (auto const far = distance(word, name); far < least) {
            least = far;
            nearest = &name;
        }
    return nearest ? fmt::format("; did you mean '{}'?", *nearest) : std::string{};
}

std::vector<std::string> option_names(command_description const& of) {
    std::vector<std::string> names;
    for (auto const& option : of.options)
        names.insert(names.end(), option.names.begin(), option.names.end());
    return names;
}

} // namespace

std::size_t distance(std::string_view from, std::string_view to) {
    // Of the first letters of one and of the other.
    std::vector<std::vector<std::size_t>> of(from.size() + 1,
                                             std::vector<std::size_t>(to.size() + 1));
    for (std::size_t i = 0; i <= from.size(); ++i)
        for (std::size_t j = 0; j <= to.size(); ++j) {
            if (i == 0 || j == 0) {
                of[i][j] = i + j;
                continue;
            }
            std::size_t const differs = from[i - 1] == to[j - 1] ? 0 : 1;
            of[i][j] = std::min({of[i - 1][j] + 1, of[i][j - 1] + 1, of[i - 1][j - 1] + differs});
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                of[i][j] = std::min(of[i][j], of[i - 2][j - 2] + 1);
        }
    return of[from.size()][to.size()];
}

std::string no_such_command(std::string_view word, command_description const& of) {
    auto names = option_names(of);
    for (auto const& command : of.subcommands)
        names.push_back(command.name);
    return fmt::format("there is no command or option '{}'{}", word, suggestion(word, names));
}

std::string no_such_option(std::string_view word, command_description const& of) {
    if (!word.starts_with('-')) {
        std::vector<std::string> names;
        for (auto const& command : of.subcommands)
            names.push_back(command.name);
        if (names.empty())
            return fmt::format("{} takes fewer words: '{}' is one too many", of.name, word);
        return fmt::format("{} does not know '{}'{}", of.name, word, suggestion(word, names));
    }
    return fmt::format("{} has no option '{}'{}", of.name, word,
                       suggestion(word, option_names(of)));
}

} // namespace tool
