// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "commands.hpp"
#include "groups.hpp"
#include "problems.hpp"

#include <memory>

#include <CLI/CLI.hpp>

namespace tool {
namespace {

int run(link_argument const& which) {
    return exit_code(open(which).and_then([](bpflink::link&& link) { return link.detach(); }));
}

action add(CLI::App& app) {
    auto const which = std::make_shared<link_argument>();
    add_link(app, *which);
    app.footer("Whoever holds the link keeps a defunct shell of it. The kernel can do this for\n"
               "some types only; a link of another type goes with its last holder.\n"
               "\n"
               "Example:\n"
               "  bpflink detach 17");
    return [which] { return run(*which); };
}

} // namespace

constinit command const detach_command{"detach", "Take a link's program off its hook at once",
                                       group::change, add};

} // namespace tool
