// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "commands.hpp"
#include "expected.hpp"
#include "groups.hpp"
#include "problems.hpp"

#include <bpflink/link.hpp>

#include <memory>
#include <optional>
#include <string>

namespace tool {
namespace {

namespace bl = bpflink;

struct options {
    link_argument link;
    std::optional<program_argument> expected;
    std::string path;
    bool replace = false;
};

/// Not the handle of a pin, which moves that pin to the new name.
bl::result<bl::link> open_unpinned(link_argument const& which) {
    return open(which).and_then(
        [](bl::link const& found) { return bl::link::duplicate(found.fd()); });
}

int run(options const& given) {
    return exit_code(open_unpinned(given.link).and_then([&](bl::link&& link) {
        return check_expected(link, given.expected).and_then([&] {
            return given.replace ? link.replace_pin(given.path) : link.pin(given.path);
        });
    }));
}

action add(parameters const& takes) {
    auto const given = std::make_shared<options>();
    add_link(takes, given->link);
    add_path(takes, given->path, "A new name on a bpffs, without a dot");
    takes.flag("--replace", given->replace,
               "Replace another link's pin, which keeps that link no longer");
    add_expected(takes, given->expected);
    takes.footer("Other pins of the link stay.\n"
                 "\n"
                 "Examples:\n"
                 "  bpflink pin 17 /sys/fs/bpf/eth0_xdp\n"
                 "  bpflink pin 18 /sys/fs/bpf/eth0_xdp --replace");
    return [given] { return run(*given); };
}

} // namespace

constinit command const pin_command{"pin", "Give a link a name that keeps it alive", group::change,
                                    add};

} // namespace tool
