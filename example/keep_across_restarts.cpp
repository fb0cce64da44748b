// SPDX-License-Identifier: Apache-2.0
// A service that starts again, in the same version or in another, or after its interface was away:
// each start makes the same call. Usage: keep_across_restarts INTERFACE PIN PROGRAM-PIN...
#include <bpflink/bpflink.hpp>

#include <iostream>

namespace bl = bpflink;
using xdp = bl::program_ref<bl::program_type::xdp>;

/// One start of the service, up to its end or its crash: the pin keeps the link.
bl::result<void> run_once(xdp version, bl::ifindex device, char const* pin) {
    bl::hook::xdp const where{.ifindex = device};
    BPFLINK_TRY(done, bl::ensure_attached(version, where, pin));
    BPFLINK_TRY(info, done.link.info());
    std::cout << done.how << ": link " << info.id << " runs program " << info.program;
    if (done.how == bl::ensured::updated) std::cout << ", and ran " << done.before;
    std::cout << '\n';
    return {};
}

bl::result<void> run(int count, char** arguments) {
    BPFLINK_TRY(device, bl::ifindex_of(arguments[1]));
    for (int i = 3; i != count; ++i) {
        BPFLINK_TRY(loaded, bl::program::load_pinned(arguments[i]));
        BPFLINK_TRY(version, loaded.as<bl::program_type::xdp>());
        if (auto done = run_once(version, device, arguments[2]); !done) return done;
    }
    return {};
}

int main(int count, char** arguments) {
    if (count < 4) {
        std::cerr << "usage: keep_across_restarts INTERFACE PIN PROGRAM-PIN...\n";
        return 2;
    }
    auto const done = run(count, arguments);
    if (!done) std::cerr << done.error().message() << '\n';
    return done ? 0 : 1;
}
