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
    bool replace = false;
};

int run(options const& given) {
    return exit_code(open(given.link).and_then([&](bpflink::link&& link) {
        return given.replace ? link.replace_pin(given.path) : link.pin(given.path);
    }));
}

action add(CLI::App& app) {
    auto const given = std::make_shared<options>();
    add_link(app, given->link);
    add_path(app, given->path, "A new name on a bpffs, without a dot");
    app.add_flag("--replace", given->replace,
                 "Also over another link's pin, which then no longer keeps that link");
    app.footer("Examples:\n"
               "  bpflink pin 17 /sys/fs/bpf/eth0_xdp\n"
               "  bpflink pin 18 /sys/fs/bpf/eth0_xdp --replace");
    return [given] { return run(*given); };
}

} // namespace

constinit command const pin_command{"pin", "Give a link a name that keeps it alive", group::change,
                                    add};

} // namespace tool
