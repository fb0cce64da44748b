// SPDX-License-Identifier: Apache-2.0
// One program on two functions of this process, told apart by their cookies.
#include "probed.hpp"
#include "programs.hpp"
#include "run.hpp"

#include <bpflink/bpflink.hpp>

#include <iostream>

namespace bl = bpflink;

bl::result<void> uprobe_with_cookie() {
    if (lacks<bl::hook::uprobe>()) co_return;
    // It counts in the element of an array that its cookie says. Symbols are as in the file:
    // mangled.
    test_programs const programs{"probe_cookie"};
    auto const prog =
        co_await bl::program_ref<bl::program_type::kprobe>::from(programs.get("probe_cookie"));

    bl::hook::uprobe where{.binary = "/proc/self/exe", .symbol = "_Z8probed_ai", .pid = 0};
    where.cookie = bl::cookie{1};
    auto const on_a = co_await bl::attach(prog, where);
    where.symbol = "_Z8probed_bi";
    where.cookie = bl::cookie{2};
    auto on_b = co_await bl::attach(prog, where);

    for (int call = 0; call != 3; ++call)
        probed_a(call);
    for (int call = 0; call != 5; ++call)
        probed_b(call);
    std::cout << "probed_a ran " << programs.element(1) << " times, probed_b "
              << programs.element(2) << '\n';

    co_await on_b.close();
    probed_b(0);
    std::cout << "closed: still " << programs.element(2) << '\n';

    // Where the kernel tells (since 6.6, the cookie since 6.9), the link knows what it is on.
    auto const details = co_await on_a.details();
    if (auto const* const probe = std::get_if<bl::perf_uprobe>(&details.event))
        std::cout << "on " << probe->binary << " at offset " << probe->offset << '\n';
}

int main() {
    return run(uprobe_with_cookie);
}
