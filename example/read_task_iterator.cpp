// SPDX-License-Identifier: Apache-2.0
// Reads a BPF iterator: opening it gives one run of the program over all tasks.
#include "programs.hpp"
#include "run.hpp"

#include <bpflink/bpflink.hpp>

#include <iostream>
#include <ranges>
#include <string_view>

namespace bl = bpflink;

bl::result<void> read_task_iterator() {
    test_programs const programs{"iter_tasks"};
    auto const prog =
        co_await bl::program_ref<bl::program_type::tracing>::from(programs.get("iter_tasks"));

    auto const link = co_await bl::attach(prog, bl::hook::iter{});
    std::cout << "walks: " << (co_await link.details()).target_name << '\n';

    auto output = co_await link.open();
    int tasks = 0;
    for (auto&& line : output.lines()) {
        std::string_view const text = co_await line; // valid until the next one is read
        if (++tasks == 1) std::cout << text << " is the first\n";
    }
    std::cout << tasks << " lines, and the program ran " << programs.runs("iter_tasks")
              << " times\n";

    auto again = co_await link.open(); // another run
    for (auto&& line : again.lines() | std::views::take(2))
        std::cout << "again: " << co_await line << '\n';
}

int main() {
    return run(read_task_iterator);
}
