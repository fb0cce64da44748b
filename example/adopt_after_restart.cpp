// SPDX-License-Identifier: Apache-2.0
// A service that starts again takes over the link that it pinned before, after a look at it. Here
// it starts in a new version, and again when its network namespace has ended, as a container's
// does.
#include "run.hpp"
#include "small_program.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <iostream>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

constexpr auto pin = "/sys/fs/bpf/adopt_after_restart";
constexpr bl::hook::xdp lo{.ifindex = bl::ifindex{1}};

bl::result<void> adopt_after_restart() {
    small_program<bl::program_type::xdp> const old_version{XDP_PASS}, new_version{XDP_PASS};
    // The handle closes at once: the service is gone.
    std::cout << (co_await bl::ensure_attached(old_version, lo, pin)).how << '\n';
    // And it is there again, in a new version.
    std::cout << (co_await bl::ensure_attached(new_version, lo, pin)).how << '\n';

    bl::unique_fd before{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    if (::unshare(CLONE_NEWNET) < 0)
        co_await tl::unexpected{bl::error{errno, bl::operation::setns, "a new one"}};
    // The interface of this number is another one here.
    auto const elsewhere = bl::ensure_attached(new_version, lo, pin);
    if (!elsewhere) std::cout << elsewhere.error() << '\n';
    before = {}; // nobody is in the old namespace: it ends, with its interfaces
    auto const left = co_await bl::xdp_link::load_pinned(pin);
    while (left.state() != bl::link_state::defunct)
        ::usleep(1'000);
    std::cout << (co_await bl::ensure_attached(new_version, lo, pin)).how << '\n';
    co_await bl::teardown(pin);
}

} // namespace

int main() {
    if (::unshare(CLONE_NEWNET) < 0) return 1;
    return run(adopt_after_restart);
}
