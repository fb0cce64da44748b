// SPDX-License-Identifier: Apache-2.0
// Lists the XDP programs of another network namespace's interface, and comes back:
//   elsewhere [/run/netns/NAME]
#include <bpflink/bpflink.hpp>

#include <iostream>
#include <string_view>

namespace bl = bpflink;

bl::result<void> look_elsewhere(std::string_view path) {
    auto const home = co_await bl::netns_inode_of("/proc/thread-self/ns/net");
    auto const there = co_await bl::in_netns(path, [] {
        return bl::ifindex_of("lo").and_then(
            [](bl::ifindex lo) { return bl::query(bl::hook::xdp{.ifindex = lo}); });
    });
    std::cout << "on lo there: " << there.entries.size() << " XDP programs\n";
    bool const is_back = home == co_await bl::netns_inode_of("/proc/thread-self/ns/net");
    std::cout << (is_back ? "back at home\n" : "lost\n");
}

int main(int count, char** arguments) {
    auto const done = look_elsewhere(count > 1 ? arguments[1] : "/proc/self/ns/net");
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
