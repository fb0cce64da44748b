// SPDX-License-Identifier: Apache-2.0
// Steps as values: a chain that fails leaves nothing behind, and one that succeeds hands its link
// on.
#include "programs.hpp"
#include "run.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <filesystem>
#include <iostream>
#include <vector>

namespace bl = bpflink;

bl::result<void> undo_on_failure() {
    sandbox::enter_private_mounts();
    sandbox::bpffs const bpffs;
    sandbox::network const network;
    test_programs const programs{"xdp_a", "xdp_b"};
    using xdp = bl::program_ref<bl::program_type::xdp>;
    auto const first = co_await xdp::from(programs.get("xdp_a"));
    auto const second = co_await xdp::from(programs.get("xdp_b"));
    auto const path = bpffs.path() + "/lo_xdp";
    bl::hook::xdp const where{.ifindex = network.loopback()};

    // Attached and pinned, and then it does not run the program that the update expects.
    auto const failed =
        bl::attach(first, where) | bl::pin(path) | bl::update(second, bl::expecting(second));
    network.send_to_loopback(3);
    std::cout << failed.error().message() << '\n'
              << "the pin is " << (std::filesystem::exists(path) ? "there" : "gone")
              << ", and the program saw " << programs.runs("xdp_a") << " packets\n";

    // A part of a chain is a value too. keep() ends it: the descriptor is in other hands.
    std::vector<bl::unique_fd> kept;
    auto const publish = bl::pin(path) | bl::update(second, bl::expecting(first));
    co_await (bl::attach(first, where) | publish | bl::keep(kept));
    network.send_to_loopback(3);
    std::cout << "kept " << kept.size() << ": the second program saw " << programs.runs("xdp_b")
              << " packets\n";
}

int main() {
    return run(undo_on_failure);
}
