// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"
#include "facts.hpp"
#include "groups.hpp"
#include "json.hpp"
#include "output.hpp"
#include "table.hpp"
#include "terminal.hpp"

#include <bpflink/hook/all.hpp>
#include <bpflink/supports.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace tool {
namespace {

namespace bl = bpflink;

struct feature {
    std::string hook;
    std::string since;
    bl::support is;
};

std::string text_of(bl::support::answer is) {
    using enum bl::support::answer;
    switch (is) {
    case yes: return "yes";
    case no: return "no";
    case unknown: break;
    }
    return "unknown";
}

template <class... Hooks>
std::vector<feature> ask_for(bl::type_list<Hooks...> /*all*/) {
    std::vector<feature> all;
    auto const add = [&](std::string_view name, bl::kernel_version since, bl::support is) {
        all.push_back(
            {std::string{name}, fmt::format("{}.{}", since.major, since.minor), std::move(is)});
    };
    (add(bl::hook_traits<Hooks>::name, bl::hook_traits<Hooks>::since, bl::supports<Hooks>()), ...);
    return all;
}

std::string to_json_text(std::vector<feature> const& all) {
    auto array = json::array();
    for (auto const& each : all)
        array.push_back({{"hook", each.hook},
                         {"support", text_of(each.is.is)},
                         {"since", each.since},
                         {"why", each.is.why}});
    return to_text(array);
}

std::string to_table(std::vector<feature> const& all) {
    table rows{{"HOOK", "SUPPORT", "SINCE", "WHY"}};
    for (auto const& each : all)
        rows.add({each.hook, text_of(each.is.is), each.since, each.is.why},
                 each.is.is == bl::support::answer::no);
    return rows.render(output_width(), wants_colour());
}

int run(bool wants_json) {
    auto const all = ask_for(bl::all_hooks{});
    print(wants_json ? to_json_text(all) + "\n" : to_table(all));
    return 0;
}

action add(parameters const& takes) {
    auto const wants_json = std::make_shared<bool>(false);
    takes.flag("--json", *wants_json, "Print JSON");
    takes.footer(
        "The kernel is asked, by loading and attaching what it has to refuse; its version\n"
        "does not matter. SINCE is the first kernel that has the hook. An answer is unknown\n"
        "if a privilege is missing, or if the kernel cannot be asked.\n"
        "\n"
        "Examples:\n"
        "  bpflink features\n"
        "  bpflink features --json");
    return [wants_json] { return run(*wants_json); };
}

} // namespace

constinit command const features_command{"features", "Say which hooks this kernel has, and why",
                                         group::kernel, add};

} // namespace tool
