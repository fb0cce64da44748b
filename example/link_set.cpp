// SPDX-License-Identifier: Apache-2.0
// A service with two links, one of them optional. Shows the plan, the result, and the end. In a
// network namespace of its own, so that it disturbs nobody.
#include "small_program.hpp"

#include <bpflink/bpflink.hpp>

#include <filesystem>
#include <iostream>

#include <sched.h>

namespace bl = bpflink;
constexpr auto directory = "/sys/fs/bpf/link_set_example";

using filter = small_program<bl::program_type::xdp>;

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

bl::result<void> live(filter const& first, filter const& second) {
    BPFLINK_TRY(start(first));
    BPFLINK_TRY(start(first));
    BPFLINK_TRY(start(second));
    BPFLINK_TRY(set, bl::link_set::open(directory));
    BPFLINK_TRY(ends, set.teardown());
    std::cout << ends.size() << " ended\n";
    return {};
}

int main() {
    if (::unshare(CLONE_NEWNET) < 0) return 1;
    auto const done = live(filter{XDP_PASS}, filter{XDP_PASS});
    if (!done) std::cerr << done.error().message() << '\n';
    std::filesystem::remove(directory);
    return done ? 0 : 1;
}
