// SPDX-License-Identifier: Apache-2.0
// A command line of the tool, its words ended by zero bytes. It is read, and what it asks for is
// not done.
#include "commands.hpp"
#include "fuzz.hpp"
#include "suggest.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

namespace {

std::string mistake(CLI::ParseError const& e, CLI::App const& app) {
    auto const& commands = app.get_subcommands();
    if (commands.empty() && !app.remaining().empty())
        return tool::no_such_command(app.remaining().front(), app);
    if (!commands.empty() && !commands.front()->remaining().empty())
        return tool::no_such_option(commands.front()->remaining().front(), *commands.front());
    return e.what();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    fuzz::input in{bytes, size};
    fuzz::kernel const machine; // which reading does not enter
    std::vector<std::string> words;
    while (!in.rest().empty())
        words.emplace_back(in.until('\0'));

    CLI::App app{"", "bpflink"};
    app.require_subcommand(1);
    std::vector<tool::action> actions;
    for (auto const* const each : tool::all_commands()) {
        auto* const command = app.add_subcommand(each->name, each->summary)->group(each->group);
        // As the tool: the options of all would take most of the time.
        if (std::ranges::find(words, std::string_view{each->name}) != words.end())
            actions.push_back(each->add(*command));
    }
    std::ranges::reverse(words); // as CLI11 takes them
    try {
        app.parse(std::move(words));
        fuzz::require(!app.get_subcommands().empty(), "what is read names a command");
    } catch (CLI::CallForHelp const&) {
        fuzz::require(!app.help().empty(), "there is something to say");
    } catch (CLI::ParseError const& e) {
        fuzz::require(!mistake(e, app).empty(), "a mistake is named");
    }
    return 0;
}
