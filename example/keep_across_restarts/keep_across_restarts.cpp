// SPDX-License-Identifier: Apache-2.0
// A service that starts again, in the same version, in another, or after its link was taken down:
// every start makes the same call.
#include "keep_across_restarts.skel.h"

#include <bpflink/bpflink.hpp>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>

namespace bl = bpflink;
using version = bl::program_ref<bl::program_type::xdp>;
constexpr auto pin = "/sys/fs/bpf/keep_across_restarts/lo"; // the directory is made

/// One start of the service, to its end or its crash: the pin keeps the link.
bl::result<void> start(version now, bl::ifindex interface = bl::ifindex{1}) {
    BPFLINK_TRY(done, bl::ensure_attached(now, bl::hook::xdp{.ifindex = interface}, pin));
    std::cout << done.how << '\n';
    return {};
}

bl::result<void> live(keep_across_restarts_bpf const& loaded) {
    BPFLINK_TRY(first, version::from(loaded.progs.first));
    BPFLINK_TRY(second, version::from(loaded.progs.second));
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
    std::unique_ptr<keep_across_restarts_bpf, void (*)(keep_across_restarts_bpf*)> const loaded{
        ::keep_across_restarts_bpf__open_and_load(), ::keep_across_restarts_bpf__destroy};
    if (!loaded) {
        std::perror("keep_across_restarts.bpf.o");
        return 1;
    }
    auto const done = live(*loaded);
    if (!done) std::cerr << done.error() << '\n';
    std::filesystem::remove(std::filesystem::path{pin}.parent_path());
    return done ? 0 : 1;
}
