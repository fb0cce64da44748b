// SPDX-License-Identifier: Apache-2.0
// Reads a BPF iterator: opening it gives one run of the program over all tasks.
#include "read_task_iterator.skel.h"

#include <bpflink/bpflink.hpp>

#include <cstdio>
#include <iostream>
#include <memory>
#include <ranges>
#include <string_view>

namespace bl = bpflink;

bl::result<void> read_tasks(read_task_iterator_bpf const& loaded) {
    auto const prog =
        co_await bl::program_ref<bl::program_type::tracing>::from(loaded.progs.print_task);
    auto const link = co_await bl::attach(prog, bl::hook::iter{});
    std::cout << "walks: " << (co_await link.details()).target_name << '\n';

    auto output = co_await link.open();
    int tasks = 0;
    for (auto&& line : output.lines()) {
        std::string_view const text = co_await line; // valid until the next one is read
        if (++tasks == 1) std::cout << text << " is the first\n";
    }
    std::cout << tasks << " lines\n";

    auto again = co_await link.open(); // another run
    for (auto&& line : again.lines() | std::views::take(2))
        std::cout << "again: " << co_await line << '\n';
}

int main() {
    std::unique_ptr<read_task_iterator_bpf, void (*)(read_task_iterator_bpf*)> const loaded{
        ::read_task_iterator_bpf__open_and_load(), ::read_task_iterator_bpf__destroy};
    if (!loaded) {
        std::perror("read_task_iterator.bpf.o");
        return 1;
    }
    auto const done = read_tasks(*loaded);
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
