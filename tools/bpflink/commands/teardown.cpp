// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "commands.hpp"
#include "expected.hpp"
#include "facts.hpp"
#include "groups.hpp"
#include "lookup.hpp"
#include "output.hpp"
#include "problems.hpp"
#include "program_text.hpp"
#include "record.hpp"

#include <bpflink/lifecycle/holders.hpp>
#include <bpflink/lifecycle/teardown.hpp>
#include <bpflink/link.hpp>
#include <bpflink/link_traits.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include <unistd.h>

namespace tool {
namespace {

namespace bl = bpflink;

struct options {
    link_argument link;
    std::optional<program_argument> expected;
    std::chrono::seconds limit{3};
    bool yes = false;
};

/// A line for each holder but this process and the pin that goes.
void say_holders(bl::link_holders const& all, std::string_view own_pin, std::string_view what) {
    for (auto const& each : all.processes)
        if (each.process != ::getpid())
            say(fmt::format("{} process {} {}", what, each.process, each.command));
    for (auto const& each : all.pins)
        if (each != own_pin) say(fmt::format("{} pin {}", what, each));
    if (!all.complete()) say("there may be more holders: " + all.unseen);
}

bl::result<void> say_plan(bl::link const& link) {
    auto info = link.info();
    if (!info) return tl::unexpected{info.error()};
    lookup names;
    auto const told = make_record(*std::move(info), names);
    auto const id = told.info.id;
    say(fmt::format("link {}: {}, program {}, {}", id.value(), to_string(told.info.type),
                    program_text(told.info.program, told.program), target_of(told)));
    auto const* const kind = bl::find_traits(told.info.type);
    bool const at_once = kind && kind->detachable;
    say(at_once ? "the kernel takes the program off at once, whoever holds the link"
                : "the program comes off when nobody holds the link any more");
    auto const own_pin = link.pinned_path().value_or("");
    if (!own_pin.empty()) say(fmt::format("its pin {} is removed", own_pin));
    return bl::holders(id).map([&](bl::link_holders const& who) {
        say_holders(who, own_pin, at_once ? "a shell is left to" : "it stays where it is for");
    });
}

void say_outcome(bl::teardown_report const& done) {
    say(fmt::format("link {}: the program is off its hook{}", done.id.value(),
                    done.gone ? ", and the link is gone" : ""));
    if (!done.gone) say_holders(done.left, {}, "a shell is left to");
}

/// At a path under the lock of its directory, and with what a killed process left beside it.
bl::result<bl::teardown_report> end(bl::link&& link, options const& given) {
    auto const limit = given.limit;
    auto const* const path = std::get_if<std::string>(&given.link);
    if (!path) return bl::teardown(std::move(link), limit);
    static_cast<void>(link.close()); // or it would hold the link
    if (!given.expected) return bl::teardown(std::string_view{*path}, limit);
    return id_of(*given.expected).and_then([&](bl::program_id expected) {
        return bl::teardown(std::string_view{*path}, limit, expected);
    });
}

bl::result<void> act(bl::link&& link, options const& given) {
    if (auto meant = check_expected(link, given.expected); !meant) return meant;
    if (auto planned = say_plan(link); !planned) return planned;
    if (!given.yes) {
        say("nothing was changed: --yes does it");
        return {};
    }
    flush(); // before what may take a while
    return end(std::move(link), given).map(say_outcome);
}

int run(options const& given) {
    auto link = open(given.link);
    auto const* const path = std::get_if<std::string>(&given.link);
    if (!link && path && link.error() == bl::errc::not_found) {
        say(fmt::format("nothing is pinned at {}", *path));
        return 0;
    }
    return exit_code(
        std::move(link).and_then([&](bl::link&& found) { return act(std::move(found), given); }));
}

action add(parameters const& takes) {
    auto const given = std::make_shared<options>();
    add_link(takes, given->link);
    add_expected(takes, given->expected);
    takes.flag("--yes", given->yes, "Do it; without this, the plan is all that comes");
    takes
        .word(
            "--wait",
            [given](std::string const& word) {
                given->limit = std::chrono::seconds{parse_whole(word, 0, 86'400)};
            },
            "Wait so many seconds for the link's end (3)")
        .shown_as("SECONDS");
    takes.footer(
        "It returns when the program is off its hook, verified. A link of a type that the\n"
        "kernel cannot detach stays as it is while somebody else holds it. Of several pins,\n"
        "the one that is given goes. A pin that is not there is not a failure.\n"
        "\n"
        "Examples:\n"
        "  bpflink teardown /sys/fs/bpf/eth0_xdp\n"
        "  bpflink teardown /sys/fs/bpf/eth0_xdp --yes --expect-program 35");
    return [given] { return run(*given); };
}

} // namespace

constinit command const teardown_command{
    "teardown", "End a link and its pin, and see to it that the program is off", group::change,
    add};

} // namespace tool
