// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"
#include "commands.hpp"
#include "fields.hpp"
#include "groups.hpp"
#include "output.hpp"
#include "problems.hpp"
#include "signals.hpp"

#include <bpflink/hook/any_hook.hpp>
#include <bpflink/link.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace tool {
namespace {

namespace bl = bpflink;

/// A hook that a map is attached to, and not a program.
template <class H>
concept takes_map = bl::hook_traits<H>::program_types.empty();

/// The options that every hook has.
struct common {
    std::optional<std::string> pin;
    bool wait = false;
};

template <class H>
struct options : common {
    program_argument program;
    std::optional<meaning<bl::map_ref>> map; // where the hook takes one
    request<H> where;
};

template <class H>
bl::result<bl::link> attach(options<H> const& given) {
    belongings kept;
    auto const where = given.where.hook(kept);
    if (!where) return tl::unexpected{where.error()};
    if constexpr (takes_map<H>) {
        return (*given.map)(kept)
            .and_then([&](bl::map_ref map) { return bl::attach(map, *where); })
            .map([](auto&& link) { return bl::link{std::move(link)}; });
    } else {
        return open(given.program).and_then([&](bl::program const& program) {
            return bl::attach(program, bl::any_hook{*where});
        });
    }
}

bl::result<void> keep(bl::link& link, common const& given) {
    return given.pin ? link.pin(*given.pin) : bl::result<void>{};
}

template <class H>
int run(options<H> const& given) {
    std::optional<end_signals> end;
    if (given.wait) end.emplace();
    auto link = attach(given);
    auto const info = link.and_then(
        [&](bl::link& made) { return keep(made, given).and_then([&] { return made.info(); }); });
    if (!info) return exit_code(tl::unexpected{info.error()});
    say(std::to_string(info->id.value()));
    if (end) {
        flush();
        end->wait();
    }
    return 0;
}

void add_common(parameters const& takes, common& given) {
    takes
        .word(
            "--pin", [&given](std::string const& path) { given.pin = path; },
            "A new name on a bpffs, which keeps the link alive")
        .shown_as("PATH");
    takes.flag("--wait", given.wait, "Hold the link until a signal comes (SIGINT, SIGTERM)");
    takes.check([&given] {
        if (!given.pin && !given.wait)
            throw usage_error{"the link would end with this command: give --pin PATH, "
                              "or --wait to hold it until a signal comes"};
    });
}

template <class H>
void add_object(parameters const& takes, options<H>& given) {
    if constexpr (takes_map<H>) {
        takes
            .word(
                "--map",
                [&](std::string const& word) { given.map = read(word, type<bl::map_ref>{}); },
                "The table: its id, or the path of a pin")
            .shown_as("MAP")
            .required();
    } else {
        add_program(takes, given.program);
    }
}

/// Names with commas.
std::string list_of(auto const& all) {
    std::string text;
    for (auto const& each : all) {
        if (!text.empty()) text += ", ";
        text += to_string(each);
    }
    return text;
}

template <class H>
std::string footer_of() {
    using traits = bl::hook_traits<H>;
    std::string text{"The link's id is printed. Give --pin or --wait, or both. An option with ... "
                     "may be repeated, or have commas.\n"};
    if constexpr (!takes_map<H>)
        text += "\nTypes of program that it takes:\n" + list_of(traits::program_types) + "\n";
    if constexpr (requires(H where) { where.attach; }) {
        bool const has_name = to_string(traits::attach_types.front()).starts_with(traits::name);
        text += fmt::format("\nATTACH is one of these{}:\n{}\n",
                            has_name ? ", with or without the hook's name in front" : "",
                            list_of(traits::attach_types));
    }
    return text + fmt::format("\n<bpflink/hook/{}.hpp> says more of the fields.", traits::name);
}

using hook_actions = std::map<std::string, action>; // by the names of hooks

/// Adds a hook, with the actions of all.
template <class H>
void add_hook(parameters const& takes, hook_actions& actions) {
    using traits = bl::hook_traits<H>;
    auto const given = std::make_shared<options<H>>();
    std::string const name{traits::name};
    auto const hook = takes.subcommand(
        name, fmt::format("Since kernel {}.{}", traits::since.major, traits::since.minor), "Hooks");
    add_object(hook, *given);
    add_fields(hook, given->where);
    add_common(hook, *given);
    hook.footer(footer_of<H>());
    actions.emplace(name, [given] { return run(*given); });
}

template <class... Hooks>
void add_hooks(parameters const& takes, hook_actions& actions, bl::type_list<Hooks...> /*of*/) {
    (add_hook<Hooks>(takes, actions), ...);
}

action add(parameters const& takes) {
    hook_actions actions;
    add_hooks(takes, actions, bl::all_hooks{});
    takes.check([takes] {
        if (takes.chosen_subcommand().empty())
            throw usage_error{"HOOK is missing: bpflink attach --help lists them"};
    });
    takes.footer("bpflink attach HOOK --help lists the hook's options.\n"
                 "\n"
                 "Examples:\n"
                 "  bpflink attach xdp --program 35 --interface eth0 --pin /sys/fs/bpf/eth0_xdp\n"
                 "  bpflink attach tcx --program /sys/fs/bpf/filter --interface eth0 \\\n"
                 "      --direction ingress --before link:17 --pin /sys/fs/bpf/eth0_filter\n"
                 "  bpflink attach tracepoint --program 36 --group sched \\\n"
                 "      --name sched_switch --wait");
    return [takes, actions] { return actions.at(takes.chosen_subcommand())(); };
}

} // namespace

constinit command const attach_command{"attach", "Attach a program to a hook", group::change, add};

} // namespace tool
