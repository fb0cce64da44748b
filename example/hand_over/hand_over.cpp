// SPDX-License-Identifier: Apache-2.0
// A service that becomes its new version by exec, and hands its link over: no pin, and no packet
// that nobody sees.
#include "hand_over.skel.h"

#include <bpflink/bpflink.hpp>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include <unistd.h>

namespace bl = bpflink;
using filter = bl::program_ref<bl::program_type::xdp>;

bl::hook::xdp const lo{.ifindex = bl::ifindex{1}};

bl::result<void> old_version(filter prog) {
    auto const link = co_await bl::attach(prog, lo);
    std::cout << "the old version made link " << (co_await link.info()).id << std::endl;
    // The library's other descriptors are closed by exec.
    auto const heir = co_await bl::duplicate_for_exec(link);
    ::setenv("LINK_FD", std::to_string(heir.get()).c_str(), 1);
    ::execl("/proc/self/exe", "new version", nullptr);
    std::cout << "exec failed\n";
}

bl::result<void> new_version(filter prog, bl::unique_fd heir) {
    ::unsetenv("LINK_FD");
    auto const done = co_await bl::ensure_attached(prog, lo, std::move(heir));
    std::cout << "the new version " << done.how << " link " << (co_await done.link.info()).id
              << '\n';
}

int main() {
    std::unique_ptr<hand_over_bpf, void (*)(hand_over_bpf*)> const loaded{
        ::hand_over_bpf__open_and_load(), ::hand_over_bpf__destroy};
    if (!loaded) {
        std::perror("hand_over.bpf.o");
        return 1;
    }
    char const* const heir = std::getenv("LINK_FD");
    auto const done = filter::from(loaded->progs.filter).and_then([&](filter prog) {
        return heir ? new_version(prog, bl::unique_fd{std::atoi(heir)}) : old_version(prog);
    });
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
