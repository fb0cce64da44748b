// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "commands.hpp"
#include "groups.hpp"
#include "problems.hpp"

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

namespace tool {
namespace {

namespace bl = bpflink;

int run(std::string const& path) {
    return exit_code(
        bl::link::load_pinned(path).and_then([](bl::link&& link) { return link.unpin(); }));
}

action add(CLI::App& app) {
    auto const path = std::make_shared<std::string>();
    add_path(app, *path, "The pin; a map's or program's pin is left alone");
    app.footer("The link goes with its last pin and its last descriptor.\n"
               "\n"
               "Example:\n"
               "  bpflink unpin /sys/fs/bpf/eth0_xdp");
    return [path] { return run(*path); };
}

} // namespace

constinit command const unpin_command{"unpin", "Remove a link's pin", group::change, add};

} // namespace tool
