// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"

#include "commands.hpp"
#include "help_text.hpp"
#include "manual/remarks.hpp"
#include "mistakes.hpp"
#include "output.hpp"
#include "pager.hpp"
#include "parameters.hpp"

#include <bpflink/version.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace tool {
namespace {

using words_span = std::span<std::string const>;

std::string footer() {
    std::string text{"Exit status: "};
    for (auto const& each : exit_statuses)
        text += fmt::format("{}{} {}", &each == exit_statuses ? "" : ", ", each.status, each.when);
    return fmt::format("{}.\n\n{}\n\nExamples:\n{}\n\n"
                       "bpflink COMMAND --help says more about a command.",
                       text, remarks, examples);
}

/// Whether the words may be of the command, or of help, which tells of all.
bool is_asked_for(std::string_view command, words_span words) {
    return std::ranges::any_of(
        words, [&](std::string_view word) { return word == command || word == "help"; });
}

/// Whether the first word says that the others are of another command.
bool is_out(std::string_view command, words_span words) {
    if (words.empty() || command == words.front() || words.front() == help_command.name)
        return false;
    return is_command(words.front());
}

/// The program, with the commands that the words may name.
struct program {
    explicit program(words_span words) {
        auto const version = bpflink::version();
        app.formatter(std::make_shared<help_text>());
        app.set_version_flag(
            "--version",
            fmt::format("bpflink {}.{}.{}\n", version.major, version.minor, version.patch),
            "Print the version and exit");
        app.set_help_flag("-h,--help", "Print this text and exit");
        app.require_subcommand(1);
        app.footer(footer());
        for (auto const* const each : all_commands()) {
            if (is_out(each->name, words)) continue;
            auto const command = parameters{app}.subcommand(each->name, each->summary, each->group);
            // The options of all would take longer than most commands do.
            if (is_asked_for(each->name, words)) actions.emplace(each->name, each->add(command));
        }
    }

    CLI::App app{"Shows and handles BPF links, which hold a BPF program on its hook in the kernel.",
                 "bpflink"};
    std::map<std::string, action> actions;
};

/// "--name=" says that the value is empty, where CLI11 takes the next word for it.
std::vector<std::string> split_empty_values(std::vector<std::string> words) {
    std::vector<std::string> all;
    for (auto& word : words) {
        bool const is_empty = word.starts_with("--") && word.find('=') == word.size() - 1;
        if (is_empty) word.pop_back();
        all.push_back(std::move(word));
        if (is_empty) all.emplace_back();
    }
    return all;
}

/// Calls it, and has its mistakes say which command they are in.
auto telling_the_command(CLI::App const& whole, auto const& call) {
    try {
        return call();
    } catch (usage_error& e) {
        e.command = command_in(whole);
        throw;
    }
}

} // namespace

action read_command_line(std::vector<std::string> words) {
    auto const read = std::make_shared<program>(words);
    auto& app = read->app;
    words = split_empty_values(std::move(words));
    std::ranges::reverse(words); // as CLI11 takes them
    try {
        telling_the_command(app, [&] { app.parse(std::move(words)); });
    } catch (CLI::CallForHelp const&) {
        return [text = app.help()] {
            print_long(text);
            return 0;
        };
    } catch (CLI::CallForVersion const& version) {
        return [text = std::string{version.what()}] {
            print(text);
            return 0;
        };
    } catch (CLI::ParseError const& e) {
        telling_the_command(app, [&] { throw usage_error{mistake_in(app, e)}; });
    }
    return [read] {
        return telling_the_command(read->app, [&] {
            return read->actions.at(read->app.get_subcommands().front()->get_name())();
        });
    };
}

} // namespace tool
