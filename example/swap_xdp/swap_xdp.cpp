// SPDX-License-Identifier: Apache-2.0
// Replaces the XDP program of an interface, without a moment in which there is none.
#include "swap_xdp.skel.h"

#include <bpflink/bpflink.hpp>

#include <cstdio>
#include <iostream>
#include <memory>

namespace bl = bpflink;
using filter = bl::program_ref<bl::program_type::xdp>;

bl::result<void> swap_xdp(swap_xdp_bpf const& loaded) {
    auto const first = co_await filter::from(loaded.progs.first);
    auto const second = co_await filter::from(loaded.progs.second);
    bl::hook::xdp const lo{.ifindex = bl::ifindex{1}};
    auto link = co_await bl::attach(first, lo);
    auto const before = co_await bl::query(lo);

    // Only if `first` is still the one that runs: nobody else's update is lost.
    co_await link.update(second, bl::expecting(first));
    auto const after = co_await bl::query(lo);
    std::cout << "program " << before.entries.at(0).program << " made way for program "
              << after.entries.at(0).program << '\n';

    auto const late = link.update(second, bl::expecting(first));
    if (!late && late.error() == bl::errc::program_mismatch)
        std::cout << "too late: " << late.error() << '\n';
}

int main() {
    std::unique_ptr<swap_xdp_bpf, void (*)(swap_xdp_bpf*)> const loaded{
        ::swap_xdp_bpf__open_and_load(), ::swap_xdp_bpf__destroy};
    if (!loaded) {
        std::perror("swap_xdp.bpf.o");
        return 1;
    }
    auto const done = swap_xdp(*loaded);
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
