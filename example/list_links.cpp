// SPDX-License-Identifier: Apache-2.0
// Lists the links in the kernel: all of them by a loop, and some of them by views.
#include "programs.hpp"
#include "run.hpp"

#include <bpflink/bpflink.hpp>

#include <iostream>
#include <ranges>

namespace bl = bpflink;

bl::result<void> list_links() {
    // One link of our own, so that there is something to list.
    test_programs const programs{"sys_enter_a"};
    auto const prog = co_await bl::program_ref<bl::program_type::raw_tracepoint>::from(
        programs.get("sys_enter_a"));
    auto const own = co_await bl::attach(prog, bl::hook::raw_tracepoint{.name = "sys_enter"});
    auto const own_id = (co_await own.info()).id;

    for (auto&& link : bl::links()) {
        if (!link) {
            std::cerr << link.error().message() << '\n'; // of one link: the walk goes on
            continue;
        }
        if (auto const info = link->info())
            std::cout << "link " << info->id << "  " << info->type << "  program " << info->program
                      << (info->id == own_id ? "  (ours)" : "") << '\n';
    }

    // The same as a pipeline. Lazy: it stops after the first link that fits.
    auto ours = bl::infos() | bl::views::of_type(bl::link_type::raw_tracepoint) |
                std::views::filter(bl::has_value) | std::views::transform(bl::value) |
                std::views::filter([&](bl::link_info const& info) { return info.id == own_id; }) |
                std::views::take(1);
    for (bl::link_info const& info : ours)
        std::cout << "ours is on tracepoint "
                  << std::get<bl::raw_tracepoint_details>(info.details).name << '\n';
}

int main() {
    return run(list_links);
}
