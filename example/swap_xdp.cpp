// SPDX-License-Identifier: Apache-2.0
// Replaces the XDP program of an interface, without a moment in which there is none.
#include "programs.hpp"
#include "run.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <iostream>

namespace bl = bpflink;

bl::result<void> swap_xdp() {
    sandbox::network const network; // our own, with only lo in it
    test_programs const programs{"xdp_a", "xdp_b"};
    using xdp = bl::program_ref<bl::program_type::xdp>;
    auto const first = co_await xdp::from(programs.get("xdp_a"));
    auto const second = co_await xdp::from(programs.get("xdp_b"));

    auto link = co_await bl::attach(first, bl::hook::xdp{.ifindex = network.loopback()});
    network.send_to_loopback(3);

    // Only if `first` is still the one that runs: nobody else's update is lost.
    co_await link.update(second, bl::expecting(first));
    network.send_to_loopback(5);

    std::cout << "the first program saw " << programs.runs("xdp_a") << " packets, the second "
              << programs.runs("xdp_b") << '\n';

    auto const late = link.update(second, bl::expecting(first));
    if (!late && late.error() == bl::errc::program_mismatch)
        std::cout << "too late: " << late.error().message() << '\n';
}

int main() {
    return run(swap_xdp);
}
