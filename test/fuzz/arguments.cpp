// SPDX-License-Identifier: Apache-2.0
// The tool's command line: a word a line. It is read, and nothing is done.
#include "commands.hpp"
#include "fuzz.hpp"
#include "suggest.hpp"

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    fuzz::input in{bytes, size};
    fuzz::kernel machine;
    CLI::App app{"", "bpflink"};
    app.require_subcommand(1);
    for (auto const* const each : tool::all_commands())
        static_cast<void>(each->add(*app.add_subcommand(each->name, each->summary)));
    std::vector<std::string> words;
    while (!in.rest().empty())
        words.insert(words.begin(), std::string{in.until('\n')}); // CLI11 takes the last first
    try {
        app.parse(words);
    } catch (CLI::CallForHelp const&) {
        static_cast<void>(app.help());
    } catch (CLI::ParseError const& e) {
        fuzz::require(*e.what() != '\0', "a mistake is told");
        if (!app.remaining().empty())
            static_cast<void>(tool::no_such_command(app.remaining().front(), app));
    }
    return 0;
}
