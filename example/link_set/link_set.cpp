// SPDX-License-Identifier: Apache-2.0
// A service with two links, one of them optional. Shows each start's steps, and the end.
#include "link_set.skel.h"

#include <bpflink/bpflink.hpp>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>

namespace bl = bpflink;
using filter = bl::program_ref<bl::program_type::xdp>;
constexpr auto directory = "/sys/fs/bpf/link_set_example";

/// One start of the service, whatever the last one left.
bl::result<void> start(filter now) {
    BPFLINK_TRY(set, bl::link_set::open(directory));
    set.want("lo", now, bl::hook::xdp{.ifindex = bl::ifindex{1}})
        .want_optional("uplink", now, bl::hook::xdp{.ifindex = bl::ifindex{4711}});
    BPFLINK_TRY(done, set.apply());
    for (auto const& step : done.steps)
        std::cout << step << '\n';
    return {};
}

bl::result<void> live(link_set_bpf const& loaded) {
    BPFLINK_TRY(first, filter::from(loaded.progs.first));
    BPFLINK_TRY(second, filter::from(loaded.progs.second));
    BPFLINK_TRY(start(first));
    BPFLINK_TRY(start(first));
    BPFLINK_TRY(start(second));
    BPFLINK_TRY(set, bl::link_set::open(directory));
    BPFLINK_TRY(ends, set.teardown());
    std::cout << ends.size() << " ended\n";
    return {};
}

int main() {
    std::unique_ptr<link_set_bpf, void (*)(link_set_bpf*)> const loaded{
        ::link_set_bpf__open_and_load(), ::link_set_bpf__destroy};
    if (!loaded) {
        std::perror("link_set.bpf.o");
        return 1;
    }
    auto const done = live(*loaded);
    if (!done) std::cerr << done.error() << '\n';
    std::filesystem::remove(directory);
    return done ? 0 : 1;
}
