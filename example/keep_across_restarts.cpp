// SPDX-License-Identifier: Apache-2.0
// A service that starts again, in the same version, in another, or after its link was taken down:
// every start makes the same call.
#include "small_program.hpp"

#include <bpflink/bpflink.hpp>

#include <filesystem>
#include <iostream>

namespace bl = bpflink;
using version = small_program<bl::program_type::xdp>;
constexpr auto pin = "/sys/fs/bpf/keep_across_restarts/lo"; // the directory is made

/// One start of the service, to its end or its crash: the pin keeps the link.
bl::result<void> start(version const& now, bl::ifindex interface = bl::ifindex{1}) {
    BPFLINK_TRY(done, bl::ensure_attached(now, bl::hook::xdp{.ifindex = interface}, pin));
    std::cout << done.how << '\n';
    return {};
}

bl::result<void> live() {
    version const first{XDP_PASS};
    version const second{XDP_PASS};
    BPFLINK_TRY(start(first));
    BPFLINK_TRY(start(first));
    BPFLINK_TRY(start(second));
    // A link at another place is never touched.
    if (auto const elsewhere = start(second, bl::ifindex{4711}); !elsewhere)
        std::cout << elsewhere.error() << '\n';
    BPFLINK_TRY(link, bl::xdp_link::load_pinned(pin));
    BPFLINK_TRY(link.detach()); // by somebody
    BPFLINK_TRY(start(second));
    BPFLINK_TRY(last, bl::teardown(pin));
    std::cout << (last.detached ? "detached" : "closed") << '\n';
    return {};
}

int main() {
    auto const done = live();
    if (!done) std::cerr << done.error() << '\n';
    std::filesystem::remove(std::filesystem::path{pin}.parent_path());
    return done ? 0 : 1;
}
