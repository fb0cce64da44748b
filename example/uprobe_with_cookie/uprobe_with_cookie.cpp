// SPDX-License-Identifier: Apache-2.0
// One program on two functions of this process, told apart by their cookies.
#include "uprobe_with_cookie.skel.h"

#include <bpflink/bpflink.hpp>

#include <cstdio>
#include <iostream>
#include <memory>
#include <variant>

namespace bl = bpflink;

extern "C" { // so that their symbols are their names
[[gnu::noinline]] int bake(int cakes) {
    asm volatile(""); // a call is a call
    return cakes;
}
[[gnu::noinline]] int eat(int cakes) {
    asm volatile("");
    return -cakes;
}
}

bl::result<void> count_calls(uprobe_with_cookie_bpf const& loaded) {
    auto const prog = co_await bl::program_ref<bl::program_type::kprobe>::from(loaded.progs.count);
    auto const& calls = loaded.bss->calls;

    bl::hook::uprobe where{.binary = "/proc/self/exe", .symbol = "bake", .pid = 0};
    where.cookie = bl::cookie{1};
    auto const on_bake = co_await bl::attach(prog, where);
    where.symbol = "eat";
    where.cookie = bl::cookie{2};
    auto on_eat = co_await bl::attach(prog, where);

    int cakes = 0;
    for (int call = 0; call != 3; ++call)
        cakes += bake(2);
    for (int call = 0; call != 5; ++call)
        cakes += eat(1);
    std::cout << "baked " << calls[1] << " times, ate " << calls[2] << ", left " << cakes << '\n';

    co_await on_eat.close();
    eat(1);
    std::cout << "closed: still " << calls[2] << '\n';

    // Where the kernel tells (since 6.6, the cookie since 6.9), the link knows what it is on.
    auto const details = co_await on_bake.details();
    if (auto const* const probe = std::get_if<bl::perf_uprobe>(&details.event))
        std::cout << "on " << probe->binary << " at offset " << probe->offset << '\n';
}

int main() {
    std::unique_ptr<uprobe_with_cookie_bpf, void (*)(uprobe_with_cookie_bpf*)> const loaded{
        ::uprobe_with_cookie_bpf__open_and_load(), ::uprobe_with_cookie_bpf__destroy};
    if (!loaded) {
        std::perror("uprobe_with_cookie.bpf.o");
        return 1;
    }
    auto const done = count_calls(*loaded);
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
