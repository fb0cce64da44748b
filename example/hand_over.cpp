// SPDX-License-Identifier: Apache-2.0
// A service that becomes its new version by exec, and hands its link over: no pin, and no packet
// that nobody sees. In a network namespace of its own, so that it disturbs nobody.
#include "run.hpp"
#include "small_program.hpp"

#include <bpflink/bpflink.hpp>

#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

bl::hook::xdp const lo{.ifindex = bl::ifindex{1}};

bl::result<void> old_version() {
    small_program<bl::program_type::xdp> const filter{XDP_PASS};
    auto const link = co_await bl::attach(filter, lo);
    std::cout << "the old version made link " << (co_await link.info()).id << std::endl;
    // The library's own descriptors are closed by exec; this one is not.
    int const heir = ::fcntl(link.fd().get(), F_DUPFD, 3);
    ::setenv("LINK_FD", std::to_string(heir).c_str(), 1);
    ::execl("/proc/self/exe", "new version", nullptr);
    std::cout << "exec failed\n";
}

bl::result<void> new_version() {
    small_program<bl::program_type::xdp> const filter{XDP_PASS};
    bl::unique_fd heir{std::atoi(std::getenv("LINK_FD"))};
    ::unsetenv("LINK_FD");
    auto const done = co_await bl::ensure_attached(filter, lo, std::move(heir));
    std::cout << "the new version " << done.how << " link " << (co_await done.link.info()).id
              << '\n';
}

} // namespace

int main() {
    if (std::getenv("LINK_FD")) return run(new_version);
    if (::unshare(CLONE_NEWNET) < 0) return 1;
    return run(old_version);
}
