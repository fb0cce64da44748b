// SPDX-License-Identifier: Apache-2.0
// A service that starts again, in the same version, in another, or after its link was taken down:
// every start makes the same call. In a network namespace of its own, so that it disturbs nobody.
#include "small_program.hpp"

#include <bpflink/bpflink.hpp>

#include <filesystem>
#include <iostream>

#include <sched.h>

namespace bl = bpflink;
constexpr auto pin = "/sys/fs/bpf/keep_across_restarts/lo"; // the directory is made

using version = small_program<bl::program_type::xdp>;

/// One start of the service, to its end or its crash: the pin keeps the link.
bl::result<void> start(version const& now) {
    bl::hook::xdp const lo{.ifindex = bl::ifindex{1}};
    BPFLINK_TRY(done, bl::ensure_attached(now, lo, pin));
    std::cout << done.how << '\n';
    return {};
}

bl::result<void> live(version const& first, version const& second) {
    BPFLINK_TRY(start(first));
    BPFLINK_TRY(start(first));
    BPFLINK_TRY(start(second));
    BPFLINK_TRY(link, bl::xdp_link::load_pinned(pin));
    BPFLINK_TRY(link.detach()); // by somebody
    BPFLINK_TRY(start(second));
    BPFLINK_TRY(last, bl::teardown(pin));
    std::cout << (last.detached ? "detached" : "closed") << '\n';
    return {};
}

int main() {
    if (::unshare(CLONE_NEWNET) < 0) return 1;
    auto const done = live(version{XDP_PASS}, version{XDP_PASS});
    if (!done) std::cerr << done.error().message() << '\n';
    std::filesystem::remove(std::filesystem::path{pin}.parent_path());
    return done ? 0 : 1;
}
