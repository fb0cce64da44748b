// SPDX-License-Identifier: Apache-2.0
// A service that starts again takes over the link that it pinned before, after a look at it.
#include "programs.hpp"
#include "run.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <iostream>

namespace bl = bpflink;
using xdp = bl::program_ref<bl::program_type::xdp>;

bl::result<void> adopt_after_restart() {
    sandbox::enter_private_mounts();
    sandbox::bpffs const bpffs;
    sandbox::network network;
    auto const path = bpffs.path() + "/filter";
    test_programs const old_version{"xdp_a"};
    test_programs const new_version{"xdp_b"};
    auto const old_filter = co_await xdp::from(old_version.get("xdp_a"));
    auto const new_filter = co_await xdp::from(new_version.get("xdp_b"));
    auto const veth = network.add_veth();
    bl::hook::xdp const on_veth{.ifindex = veth.here};
    bl::hook::xdp const on_lo{.ifindex = network.loopback()};

    // The handle closes at once: the service is gone.
    std::cout << (co_await bl::ensure_attached(old_filter, on_veth, path)).how << '\n';
    // And it is there again, in a new version.
    std::cout << (co_await bl::ensure_attached(new_filter, on_veth, path)).how << '\n';
    auto const elsewhere = bl::ensure_attached(new_filter, on_lo, path);
    if (!elsewhere) std::cout << elsewhere.error() << '\n';
    network.remove(veth.here);
    std::cout << (co_await bl::ensure_attached(new_filter, on_lo, path)).how << '\n';
    auto const before = new_version.runs("xdp_b"); // veth devices have packets of their own
    network.send_to_loopback(3);
    std::cout << "it saw " << new_version.runs("xdp_b") - before << " packets\n";
}

int main() {
    return run(adopt_after_restart);
}
