// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"
#include "output.hpp"
#include "pager.hpp"
#include "problems.hpp"
#include "suggest.hpp"

#include <bpflink/version.hpp>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <exception>
#include <malloc.h>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace {

constexpr int usage_error = 2;

constexpr auto footer = //
    "Exit status: 0 if all went well, 1 if something failed, 2 for a wrong command line, and 3\n"
    "where nothing matches and --exit-code asks for it.\n"
    "Most of it needs root: CAP_SYS_ADMIN to find links by id.\n"
    "\n"
    "Examples:\n"
    "  bpflink list                          every link in the kernel\n"
    "  bpflink list --type xdp --json        those of XDP, for another program to read\n"
    "  bpflink list --pinned                 those with a name on a bpffs\n"
    "  bpflink show 17                       link 17, and where it is pinned\n"
    "  bpflink on eth0                       what runs there, in order\n"
    "  bpflink pin 17 /sys/fs/bpf/eth0_xdp   keep it when its owner exits\n"
    "  bpflink unpin /sys/fs/bpf/eth0_xdp    no longer\n"
    "  bpflink detach 17                     take its program off the hook\n"
    "\n"
    "bpflink COMMAND --help says more about a command.";

/// The mistake in a command line.
std::string mistake(CLI::ParseError const& e, CLI::App const& app) {
    auto const& commands = app.get_subcommands();
    // CLI11 says only that a command is missing.
    if (commands.empty() && !app.remaining().empty())
        return tool::no_such_command(app.remaining().front(), app);
    bool const is_extra = dynamic_cast<CLI::ExtrasError const*>(&e) != nullptr;
    if (is_extra && !commands.empty() && !commands.front()->remaining().empty())
        return tool::no_such_option(commands.front()->remaining().front(), *commands.front());
    return e.what();
}

/// Whether the words may be of the command, or of help, which tells of all.
bool is_asked_for(std::string_view command, std::span<char* const> words) {
    return std::ranges::any_of(
        words, [&](std::string_view word) { return word == command || word == "help"; });
}

/// Whether the first word says that the others are of another command.
bool is_out(std::string_view command, std::span<char* const> words) {
    if (words.size() < 2 || command == words[1] ||
        std::string_view{words[1]} == tool::help_command.name)
        return false;
    return std::ranges::any_of(tool::all_commands(), [&](tool::command const* each) {
        return std::string_view{each->name} == words[1];
    });
}

/// Reads the command line and does what it says.
int run(int argc, char** argv) {
    CLI::App app{"Shows and handles BPF links, which hold a BPF program on its hook in the kernel.",
                 "bpflink"};
    auto const version = bpflink::version();
    app.set_version_flag(
        "--version", fmt::format("bpflink {}.{}.{}\n", version.major, version.minor, version.patch),
        "Print the version and exit");
    app.set_help_flag("-h,--help", "Print what there is to say, and exit");
    app.require_subcommand(1);
    app.footer(footer);

    std::span<char*> const words{argv, static_cast<std::size_t>(argc)};
    std::map<CLI::App const*, tool::action> actions;
    for (auto const* const each : tool::all_commands()) {
        if (is_out(each->name, words)) continue;
        auto* const command = app.add_subcommand(each->name, each->summary)->group(each->group);
        // The options of all would take longer than most commands do.
        if (is_asked_for(each->name, words)) actions.emplace(command, each->add(*command));
    }

    try {
        app.parse(argc, argv);
    } catch (CLI::CallForHelp const&) {
        tool::print_long(app.help());
        return 0;
    } catch (CLI::CallForVersion const& text) {
        tool::print(text.what());
        return 0;
    } catch (CLI::ParseError const& e) {
        tool::complain(mistake(e, app));
        tool::complain("see bpflink --help");
        return usage_error;
    }
    return actions.at(app.get_subcommands().front())();
}

} // namespace

int main(int argc, char** argv) {
#ifdef M_MMAP_THRESHOLD
    // Thousands of links may be listed: memory that grows is not mapped anew, page by page.
    ::mallopt(M_MMAP_THRESHOLD, 64 * 1024 * 1024);
    ::mallopt(M_TRIM_THRESHOLD, 64 * 1024 * 1024);
#endif
    std::signal(SIGPIPE, SIG_IGN); // some callers ignore it, and that shall make no difference
    try {
        int const code = run(argc, argv);
        tool::flush();
        return code;
    } catch (std::system_error const& e) {
        // The reader has read enough, which is not our failure.
        if (e.code() == std::errc::broken_pipe) return 0;
        tool::complain(e.what());
    } catch (std::exception const& e) {
        tool::complain(e.what());
    }
    return tool::failure;
}
