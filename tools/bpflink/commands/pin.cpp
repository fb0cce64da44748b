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

struct options {
    link_argument link;
    std::string path;
};

int run(options const& given) {
    return exit_code(
        open(given.link).and_then([&](bpflink::link&& link) { return link.pin(given.path); }));
}

action add(CLI::App& app) {
    auto const given = std::make_shared<options>();
    add_link(app, given->link);
    add_path(app, given->path, "A new name on a bpffs, without a dot");
    app.footer("Example:\n"
               "  bpflink pin 17 /sys/fs/bpf/eth0_xdp");
    return [given] { return run(*given); };
}

} // namespace

constinit command const pin_command{"pin", "Give a link a name that keeps it alive", group::change,
                                    add};

} // namespace tool
