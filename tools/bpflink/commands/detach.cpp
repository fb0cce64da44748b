// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "commands.hpp"
#include "expected.hpp"
#include "groups.hpp"
#include "problems.hpp"

#include <memory>
#include <optional>

namespace tool {
namespace {

namespace bl = bpflink;

struct options {
    link_argument link;
    std::optional<program_argument> expected;
};

int run(options const& given) {
    return exit_code(open(given.link).and_then([&](bl::link&& link) {
        return check_expected(link, given.expected).and_then([&] { return link.detach(); });
    }));
}

action add(parameters const& takes) {
    auto const given = std::make_shared<options>();
    add_link(takes, given->link);
    add_expected(takes, given->expected);
    takes.footer(
        "Holders of the link keep a defunct shell of it. The kernel can do this for\n"
        "some types only; a link of another type goes with its last holder: see teardown.\n"
        "\n"
        "Examples:\n"
        "  bpflink detach 17\n"
        "  bpflink detach 17 --expect-program 35");
    return [given] { return run(*given); };
}

} // namespace

constinit command const detach_command{"detach", "Take a link's program off its hook at once",
                                       group::change, add};

} // namespace tool
