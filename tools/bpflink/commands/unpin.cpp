// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "commands.hpp"
#include "expected.hpp"
#include "groups.hpp"
#include "problems.hpp"

#include <memory>
#include <optional>
#include <string>

namespace tool {
namespace {

namespace bl = bpflink;

struct options {
    std::string path;
    std::optional<program_argument> expected;
};

int run(options const& given) {
    return exit_code(bl::link::load_pinned(given.path).and_then([&](bl::link&& link) {
        return check_expected(link, given.expected).and_then([&] { return link.unpin(); });
    }));
}

action add(parameters const& takes) {
    auto const given = std::make_shared<options>();
    add_path(takes, given->path, "The pin; a map's or program's pin is left alone");
    add_expected(takes, given->expected);
    takes.footer("The link goes with its last pin and its last descriptor.\n"
                 "\n"
                 "Example:\n"
                 "  bpflink unpin /sys/fs/bpf/eth0_xdp");
    return [given] { return run(*given); };
}

} // namespace

constinit command const unpin_command{"unpin", "Remove a link's pin", group::change, add};

} // namespace tool
