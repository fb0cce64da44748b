// SPDX-License-Identifier: Apache-2.0
// A service with two links, one of them optional. Shows each start's steps, and the end.
#include "small_program.hpp"

#include <bpflink/bpflink.hpp>

#include <filesystem>
#include <iostream>

namespace bl = bpflink;
using filter = small_program<bl::program_type::xdp>;
constexpr auto directory = "/sys/fs/bpf/link_set_example";

/// One start of the service, whatever the last one left.
bl::result<void> start(filter const& now) {
    BPFLINK_TRY(set, bl::link_set::open(directory));
    set.want("lo", now, bl::hook::xdp{.ifindex = bl::ifindex{1}})
        .want_optional("uplink", now, bl::hook::xdp{.ifindex = bl::ifindex{4711}});
    BPFLINK_TRY(done, set.apply());
    for (auto const& step : done.steps)
        std::cout << step << '\n';
    return {};
}

bl::result<void> live() {
    filter const first{XDP_PASS};
    BPFLINK_TRY(start(first));
    BPFLINK_TRY(start(first));
    BPFLINK_TRY(start(filter{XDP_PASS}));
    BPFLINK_TRY(set, bl::link_set::open(directory));
    BPFLINK_TRY(ends, set.teardown());
    std::cout << ends.size() << " ended\n";
    return {};
}

int main() {
    auto const done = live();
    if (!done) std::cerr << done.error() << '\n';
    std::filesystem::remove(directory);
    return done ? 0 : 1;
}
