// SPDX-License-Identifier: Apache-2.0
// Reads a BPF iterator: opening it gives one run of the program over all tasks.
#include "programs.hpp"
#include "run.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <iostream>

namespace bl = bpflink;

bl::result<void> read_task_iterator() {
    test_programs const programs{"iter_tasks"};
    auto const prog =
        co_await bl::program_ref<bl::program_type::tracing>::from(programs.get("iter_tasks"));

    auto const link = co_await bl::attach(prog, bl::hook::iter{});
    std::cout << "walks: " << (co_await link.details()).target_name << '\n';

    auto output = co_await link.open();
    auto const text = co_await output.read_all();
    std::cout << text.substr(0, text.find('\n')) << " is the first of "
              << std::ranges::count(text, '\n') << " lines\n";
}

int main() {
    return run(read_task_iterator);
}
