// SPDX-License-Identifier: Apache-2.0
// Replaces the XDP program of an interface, without a moment in which there is none.
#include "small_program.hpp"

#include <bpflink/bpflink.hpp>

#include <iostream>

namespace bl = bpflink;
using filter = small_program<bl::program_type::xdp>;

bl::result<void> swap_xdp() {
    filter const first{XDP_PASS};
    filter const second{XDP_PASS};
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
    auto const done = swap_xdp();
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
