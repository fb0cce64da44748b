// SPDX-License-Identifier: Apache-2.0
// A small daemon: it keeps an XDP program on an interface, by a pinned link. SIGHUP reads its
// configuration again and swaps the program; SIGTERM ends it. HTTP and systemd are told how it is.
#include "daemon.hpp"
#include "pages.hpp"

#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <sysexits.h>

#include <CLI/CLI.hpp>

#include <bpf/libbpf.h>

using namespace service;

namespace {

int ends(int status, std::string_view why) {
    std::cerr << why << '\n';
    return status;
}

constexpr auto footer = //
    "SIGHUP reads the configuration again and swaps the program, SIGTERM ends it.\n"
    "\n"
    "Exit status: 0 after SIGTERM or SIGINT, and as <sysexits.h> has them\n"
    "  64  the command line is wrong\n"
    "  65  the kernel refuses the BPF object\n"
    "  66  the BPF object is not there, or lacks the program\n"
    "  69  the interface is not there, or another program is on it\n"
    "  71  the address cannot be listened on, or something else failed\n"
    "  73  the directory of pins cannot be used, or what is pinned there\n"
    "  75  another instance has these pins\n"
    "  77  privileges are missing: CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON\n"
    "  78  the configuration is wrong";

} // namespace

int main(int count, char** arguments) {
    try {
        CLI::App app{"Keeps an XDP program on an interface, by a pinned BPF link.",
                     "bpflink-service"};
        std::string path;
        bool only_checks = false, is_verbose = false;
        app.set_version_flag("--version", "bpflink-service " + version_text());
        app.add_option("CONFIGURATION", path, "A file: see service.toml")->required();
        app.add_flag("--check", only_checks,
                     "Say what would be done, or what is wrong, and change nothing");
        app.add_flag("--verbose", is_verbose, "Show what libbpf and the kernel's verifier say");
        app.footer(footer);
        try {
            app.parse(count, arguments);
        } catch (CLI::CallForHelp const&) {
            std::cout << app.help();
            return 0;
        } catch (CLI::CallForVersion const& text) {
            std::cout << text.what() << '\n';
            return 0;
        } catch (CLI::ParseError const& e) {
            return ends(EX_USAGE, std::string{e.what()} + "; see --help");
        }
        if (!is_verbose) ::libbpf_set_print(nullptr);
        only_checks ? check(path) : serve(path);
    } catch (failure const& e) {
        return ends(e.status, e.what());
    } catch (std::exception const& e) {
        return ends(EX_OSERR, e.what());
    }
}
