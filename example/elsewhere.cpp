// SPDX-License-Identifier: Apache-2.0
// Lists the XDP programs of another network namespace's interface, and comes back.
#include "run.hpp"

#include <bpflink/bpflink.hpp>

#include <iostream>
#include <string>

namespace bl = bpflink;

namespace {

std::string path = "/proc/self/ns/net"; // or "/run/netns/NAME"

bl::result<void> look_elsewhere() {
    auto const home = co_await bl::netns_inode_of("/proc/thread-self/ns/net");
    auto const there = co_await bl::in_netns(path, [] {
        return bl::ifindex_of("lo").and_then(
            [](bl::ifindex lo) { return bl::query(bl::hook::xdp{.ifindex = lo}); });
    });
    std::cout << "on lo there: " << there.entries.size() << " XDP programs\n";
    bool const is_back = home == co_await bl::netns_inode_of("/proc/thread-self/ns/net");
    std::cout << (is_back ? "back at home\n" : "lost\n");
}

} // namespace

int main(int count, char** arguments) {
    if (count == 2) path = arguments[1];
    return run(look_elsewhere);
}
