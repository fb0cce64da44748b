// SPDX-License-Identifier: Apache-2.0
// Several steps that can each fail, without an if: co_await stops at the first error and returns
// it.
#include "first_error_wins.skel.h"

#include <bpflink/bpflink.hpp>

#include <cstdio>
#include <iostream>
#include <memory>
#include <string_view>
#include <utility>

namespace bl = bpflink;
using filter = bl::program_ref<bl::program_type::xdp>;
constexpr auto pin = "/sys/fs/bpf/first_error_wins";

bl::result<bl::xdp_link> keep_on(std::string_view interface, filter const& prog) {
    auto const index = co_await bl::ifindex_of(interface);
    auto link = co_await bl::attach(prog, bl::hook::xdp{.ifindex = index});
    co_await link.pin(pin); // when it fails, `link` goes out of scope, and off the hook
    co_return std::move(link);
}

bl::result<void> first_error_wins(first_error_wins_bpf const& loaded) {
    auto const prog = co_await filter::from(loaded.progs.filter);
    auto link = co_await keep_on("lo", prog);
    std::cout << "attached by a link of " << (co_await link.info()).type << '\n';

    auto const nowhere = keep_on("no-such-device", prog);
    if (!nowhere) std::cout << nowhere.error() << '\n';
    auto const taken = keep_on("lo", prog);
    if (!taken) std::cout << taken.error() << '\n';

    auto const program = (co_await link.info()).program;
    auto const all = co_await (bl::links() | bl::views::of_program(program) | bl::collect);
    std::cout << "links that run it: " << all.size() << '\n';
    co_await link.unpin();
}

int main() {
    std::unique_ptr<first_error_wins_bpf, void (*)(first_error_wins_bpf*)> const loaded{
        ::first_error_wins_bpf__open_and_load(), ::first_error_wins_bpf__destroy};
    if (!loaded) {
        std::perror("first_error_wins.bpf.o");
        return 1;
    }
    auto const done = first_error_wins(*loaded);
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
