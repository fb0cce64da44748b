// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "commands.hpp"
#include "groups.hpp"
#include "problems.hpp"
#include "spelling.hpp"

#include <bpflink/link.hpp>
#include <bpflink/map_ref.hpp>
#include <bpflink/program.hpp>

#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace tool {
namespace {

namespace bl = bpflink;

struct options {
    link_argument link;
    std::optional<program_argument> program;
    std::optional<meaning<bl::map_ref>> map; // in its place
    std::optional<std::string> expected;     // of the same kind
};

bl::result<void> update_program(bl::link& link, program_argument const& next,
                                std::optional<std::string> const& expected) {
    auto const program = open(next);
    if (!program) return tl::unexpected{program.error()};
    if (!expected) return link.update(*program);
    auto const old = parse_program(*expected);
    if (auto const* const id = std::get_if<bl::program_id>(&old))
        return link.update(*program, bl::expecting(*id));
    return open(old).and_then(
        [&](bl::program const& seen) { return link.update(*program, bl::expecting(seen)); });
}

bl::result<void> update_map(bl::link& link, meaning<bl::map_ref> const& next,
                            std::optional<std::string> const& expected) {
    belongings kept;
    auto const map = next(kept);
    if (!map) return tl::unexpected{map.error()};
    if (!expected) return link.update(*map);
    return read(*expected, type<bl::map_ref>{})(kept).and_then(
        [&](bl::map_ref old) { return link.update(*map, bl::expecting(old)); });
}

int run(options const& given) {
    return exit_code(open(given.link).and_then([&](bl::link&& link) {
        return given.map ? update_map(link, *given.map, given.expected)
                         : update_program(link, *given.program, given.expected);
    }));
}

void read_expected(options const& given) {
    if (!given.expected) return;
    if (given.map)
        static_cast<void>(read(*given.expected, type<bl::map_ref>{}));
    else
        static_cast<void>(parse_program(*given.expected));
}

action add(parameters const& takes) {
    auto const given = std::make_shared<options>();
    add_link(takes, given->link);
    takes
        .word(
            "--program", [=](std::string const& word) { given->program = parse_program(word); },
            "Run this program from now on: its id, or the path of a pin")
        .shown_as("PROGRAM");
    takes
        .word(
            "--map", [=](std::string const& word) { given->map = read(word, type<bl::map_ref>{}); },
            "Use this table from now on, for a struct_ops link")
        .shown_as("MAP");
    takes
        .word(
            "--expect", [given](std::string const& word) { given->expected = word; },
            "Act only while the link runs this one; the kernel compares")
        .shown_as("PROGRAM");
    takes.check([given] {
        if (given->program.has_value() == given->map.has_value())
            throw usage_error{"give --program, or --map of a struct_ops link"};
        read_expected(*given);
    });
    takes.footer(
        "Give --program, or --map for a struct_ops link. The program is swapped at once: no\n"
        "packet or event is without one. The kernel can do this for some types of links only.\n"
        "\n"
        "Examples:\n"
        "  bpflink update 17 --program 36\n"
        "  bpflink update /sys/fs/bpf/eth0_xdp --program 36 --expect 35");
    return [given] { return run(*given); };
}

} // namespace

constinit command const update_command{"update", "Swap the program of a link", group::change, add};

} // namespace tool
