// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "commands.hpp"
#include "output.hpp"

#include <bpflink/version.hpp>

#include <clocale>
#include <csignal>
#include <exception>
#include <string>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace {

namespace bl = bpflink;

constexpr int failure = 1;
constexpr int usage_error = 2;

void add_id(CLI::App& command, bl::link_id& id) {
    command
        .add_option_function<std::string>(
            "ID", [&](std::string const& word) { id = bl::link_id{tool::parse_id(word)}; },
            "The link's id, as list prints it")
        ->type_name("")
        ->required();
}

void add_path(CLI::App& command, std::string& path, std::string const& description) {
    command.add_option("PATH", path, description)->type_name("")->required();
}

void add_json(CLI::App& command, bool& json) {
    command.add_flag("--json", json, "Print JSON, with the keys of bpftool link");
}

CLI::App* add_list(CLI::App& app, tool::list_options& options) {
    auto* const list = app.add_subcommand("list", "List links");
    add_json(*list, options.json);
    list->add_option_function<std::string>(
            "--type", [&](std::string const& word) { options.type = tool::parse_type(word); },
            "Only links of this type (see below)")
        ->type_name("TYPE");
    list->add_option_function<std::string>(
            "--program",
            [&](std::string const& word) {
                options.program = bl::program_id{tool::parse_id(word)};
            },
            "Only links that run this program")
        ->type_name("ID");
    list->add_flag("--pinned", options.pinned,
                   "Only pinned links, with their paths on every bpffs mounted here");
    list->footer("A TYPE is the kernel's number, or one of\n" + tool::type_names(80) +
                 ".\n"
                 "Devices have the names that they have in the network namespace of this command.\n"
                 "\n"
                 "Examples:\n"
                 "  bpflink list\n"
                 "  bpflink list --type cgroup --program 35\n"
                 "  bpflink list --pinned --json");
    return list;
}

CLI::App* add_show(CLI::App& app, bl::link_id& id, bool& json) {
    auto* const show = app.add_subcommand("show", "Show one link, and where it is pinned");
    add_id(*show, id);
    add_json(*show, json);
    show->footer("Examples:\n"
                 "  bpflink show 17\n"
                 "  bpflink show 17 --json");
    return show;
}

CLI::App* add_pin(CLI::App& app, bl::link_id& id, std::string& path) {
    auto* const pin = app.add_subcommand("pin", "Give a link a name that keeps it alive");
    add_id(*pin, id);
    add_path(*pin, path, "A new name on a bpffs, without a dot");
    pin->footer("Example:\n"
                "  bpflink pin 17 /sys/fs/bpf/eth0_xdp");
    return pin;
}

CLI::App* add_unpin(CLI::App& app, std::string& path) {
    auto* const unpin = app.add_subcommand("unpin", "Remove a link's pin");
    add_path(*unpin, path, "The pin; that of a map or program is left alone");
    unpin->footer("The link goes with its last pin and its last descriptor.\n"
                  "\n"
                  "Example:\n"
                  "  bpflink unpin /sys/fs/bpf/eth0_xdp");
    return unpin;
}

void add_detach(CLI::App& app, bl::link_id& id) {
    auto* const detach = app.add_subcommand("detach", "Take a link's program off its hook at once");
    add_id(*detach, id);
    detach->footer(
        "Whoever holds the link keeps a defunct shell of it. The kernel can do this for\n"
        "some types only; a link of another type goes with its last holder.\n"
        "\n"
        "Example:\n"
        "  bpflink detach 17");
}

constexpr auto footer = //
    "Exit status: 0 if all went well, 1 if something failed, 2 for a wrong command line.\n"
    "Most of it needs root: CAP_SYS_ADMIN to find links by id.\n"
    "\n"
    "Examples:\n"
    "  bpflink list                          every link in the kernel\n"
    "  bpflink list --type xdp --json        those of XDP, for another program to read\n"
    "  bpflink list --pinned                 those with a name on a bpffs\n"
    "  bpflink show 17                       link 17, and where it is pinned\n"
    "  bpflink pin 17 /sys/fs/bpf/eth0_xdp   keep it when its owner exits\n"
    "  bpflink unpin /sys/fs/bpf/eth0_xdp    no longer\n"
    "  bpflink detach 17                     take its program off the hook\n"
    "\n"
    "bpflink COMMAND --help says more about a command.";

/// Reads the command line and does what it says.
int run(int argc, char** argv) {
    CLI::App app{"Shows and handles BPF links: what holds a BPF program on its hook in the kernel.",
                 "bpflink"};
    auto const version = bl::version();
    app.set_version_flag("--version", fmt::format("bpflink {}.{}.{}\n", version.major,
                                                  version.minor, version.patch));
    app.require_subcommand(1);
    app.footer(footer);

    tool::list_options options;
    bl::link_id id;
    std::string path;
    bool json = false;
    auto const* const list = add_list(app, options);
    auto const* const show = add_show(app, id, json);
    auto const* const pin = add_pin(app, id, path);
    auto const* const unpin = add_unpin(app, path);
    add_detach(app, id);

    try {
        app.parse(argc, argv);
    } catch (CLI::CallForHelp const&) {
        tool::print(app.help());
        return 0;
    } catch (CLI::CallForVersion const& text) {
        tool::print(text.what());
        return 0;
    } catch (CLI::ParseError const& e) {
        // CLI11 says only that a command is missing.
        bool const no_command = app.get_subcommands().empty() && !app.remaining().empty();
        tool::complain(
            no_command ? fmt::format("there is no command or option '{}'", app.remaining().front())
                       : e.what());
        tool::complain("see bpflink --help");
        return usage_error;
    }
    if (*list) return tool::list(options);
    if (*show) return tool::show(id, json);
    if (*pin) return tool::pin(id, path);
    if (*unpin) return tool::unpin(path);
    return tool::detach(id);
}

} // namespace

int main(int argc, char** argv) {
    std::setlocale(LC_CTYPE, "");
    std::signal(SIGPIPE, SIG_IGN); // some callers ignore it, and that shall make no difference
    try {
        int const code = run(argc, argv);
        tool::flush();
        return code;
    } catch (std::system_error const& e) {
        // Who reads has read enough: no failure of ours.
        if (e.code() == std::errc::broken_pipe) return 0;
        tool::complain(e.what());
    } catch (std::exception const& e) {
        tool::complain(e.what());
    }
    return failure;
}
