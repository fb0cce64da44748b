// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"
#include "errno_names.hpp"
#include "facts.hpp"
#include "filling.hpp"
#include "groups.hpp"
#include "json.hpp"
#include "output.hpp"
#include "problems.hpp"

#include <bpflink/hook/all.hpp>
#include <bpflink/known_refusals.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tool {
namespace {

namespace bl = bpflink;

struct options {
    int number = 0;
    std::string hook;
    bool json = false;
};

template <class... Hooks>
std::vector<std::string_view> names_of(bl::type_list<Hooks...> /*all*/) {
    return {bl::hook_traits<Hooks>::name...};
}

/// The causes of one hook with one errno.
template <class... Hooks>
std::vector<bl::known_refusal> refusals_of(std::string_view hook, int number,
                                           bl::type_list<Hooks...> /*all*/) {
    std::vector<bl::known_refusal> found;
    auto const look_in = [&]<class Hook>(bl::type_list<Hook> /*at*/) {
        if (bl::hook_traits<Hook>::name != hook) return;
        for (auto const& each : bl::known_refusals<Hook>())
            if (each.number == number) found.push_back(each);
    };
    (look_in(bl::type_list<Hooks>{}), ...);
    return found;
}

std::string_view text_of(bl::refused_step step) {
    using enum bl::refused_step;
    switch (step) {
    case request: return "a mistake in the request";
    case attach: return "attach";
    case update: return "update and other commands";
    case query: return "query";
    }
    return "";
}

std::string condition_of(bl::known_refusal const& one) {
    return one.condition ? to_string(*one.condition) : "none";
}

/// The place of what is found when it happens.
std::string cause_of(bl::known_refusal const& one) {
    std::string text{one.cause};
    if (auto const hole = text.find("{}"); hole != std::string::npos) text.replace(hole, 2, "...");
    return text;
}

std::string to_lines(bl::known_refusal const& one) {
    constexpr std::size_t indent = 10;
    auto text = prose(fmt::format("{}: {}", text_of(one.step), condition_of(one))) + "\n";
    text += fmt::format("  cause   {}\n", prose(cause_of(one), indent));
    if (!one.remedy.empty()) text += fmt::format("  remedy  {}\n", prose(one.remedy, indent));
    if (!one.source.empty()) text += fmt::format("  kernel  {}()\n", one.source);
    return text;
}

json to_object(bl::known_refusal const& one) {
    return {{"step", text_of(one.step)}, {"errno", one.number},  {"condition", condition_of(one)},
            {"cause", cause_of(one)},    {"remedy", one.remedy}, {"source", one.source}};
}

int run(options const& given) {
    auto const all = refusals_of(given.hook, given.number, bl::all_hooks{});
    if (given.json) {
        auto array = json::array();
        for (auto const& each : all)
            array.push_back(to_object(each));
        print(to_text(array) + "\n");
    } else {
        for (auto const& each : all)
            print(to_lines(each));
    }
    if (!all.empty()) return 0;
    complain(fmt::format("no cause of {} is known at {}", name_of_errno(given.number), given.hook));
    return failure;
}

std::string parse_hook(std::string const& word) {
    auto const names = names_of(bl::all_hooks{});
    for (auto const each : names)
        if (each == word) return word;
    throw usage_error{
        fmt::format("'{}' is not a hook: give one of {}", word, fmt::join(names, ", "))};
}

action add(parameters const& takes) {
    auto const given = std::make_shared<options>();
    takes
        .word(
            "ERRNO",
            [=](std::string const& word) {
                auto const number = errno_named(word);
                if (!number)
                    throw usage_error{
                        fmt::format("'{}' is not an errno: give a name or a number", word)};
                given->number = *number;
            },
            "The kernel's errno, as EPERM or 1")
        .required();
    takes
        .word(
            "HOOK", [=](std::string const& word) { given->hook = parse_hook(word); },
            "The hook, as bpflink features names it")
        .required();
    takes.flag("--json", given->json, "Print JSON");
    takes.footer(
        "Prints the causes that the library tells apart. They are in the order in which it\n"
        "looks: the hook's own, then those of every hook. The exit status is 1 if no cause\n"
        "is known.\n"
        "\n"
        "Examples:\n"
        "  bpflink explain EBUSY xdp\n"
        "  bpflink explain 22 cgroup --json");
    return [given] { return run(*given); };
}

} // namespace

constinit command const explain_command{"explain", "Say what an errno of a hook means",
                                        group::kernel, add};

} // namespace tool
