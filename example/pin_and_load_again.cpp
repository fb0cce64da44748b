// SPDX-License-Identifier: Apache-2.0
// Keeps a link by a name on a bpffs while no process holds it, and takes it over again.
#include "programs.hpp"
#include "run.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <iostream>

namespace bl = bpflink;

bl::result<void> pin_and_load_again() {
    sandbox::enter_private_mounts();
    sandbox::bpffs const bpffs;
    sandbox::network const network;
    test_programs const programs{"xdp_a"};
    auto const prog = co_await bl::program_ref<bl::program_type::xdp>::from(programs.get("xdp_a"));
    auto const path = bpffs.path() + "/lo_xdp";

    // The result goes at the semicolon, and with it the last descriptor. The pin stays.
    co_await (bl::attach(prog, bl::hook::xdp{.ifindex = network.loopback()}) | bl::pin(path));
    network.send_to_loopback(3);
    std::cout << "pinned: the program saw " << programs.runs("xdp_a") << " of 3 packets\n";

    for (auto&& pin : bl::pins(bpffs.path()))
        if (pin) std::cout << "found " << pin->type << " link " << pin->id << " at lo_xdp\n";

    // As xdp_link it is checked: another kind of link's pin would be an error.
    auto link = co_await bl::xdp_link::load_pinned(path);
    co_await link.unpin();
    co_await link.close();
    network.send_to_loopback(3);
    std::cout << "unpinned and closed: still " << programs.runs("xdp_a") << '\n';
}

int main() {
    return run(pin_and_load_again);
}
