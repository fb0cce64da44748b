// SPDX-License-Identifier: Apache-2.0
// Why is this program still on its hook? Names what keeps its link alive, and ends it, verified.
#include "programs.hpp"
#include "run.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <iostream>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace bl = bpflink;
using raw_tracepoint = bl::program_ref<bl::program_type::raw_tracepoint>;

void print(bl::link_holders const& who) {
    for (auto const& each : who.processes)
        std::cout << each.command << " by " << each.descriptors << " descriptors\n";
    for (auto const& pin : who.pins)
        std::cout << "pinned as "
                  << bl::text_of_pin_name(pin.substr(pin.rfind('/') + 1)).value_or(pin) << '\n';
}

bl::result<void> who_holds_it() {
    sandbox::enter_private_mounts();
    sandbox::bpffs const bpffs;
    test_programs const programs{"sys_enter_a"};
    auto const prog = co_await raw_tracepoint::from(programs.get("sys_enter_a"));
    auto link = co_await bl::attach(prog, bl::hook::raw_tracepoint{"sys_enter"});
    // A bpffs takes no dot in a name.
    auto const path = bpffs.path() + "/" + bl::pin_name("trace.v1");
    co_await link.pin(path);
    auto second = co_await bl::link::duplicate(link.fd());

    print(co_await bl::holders((co_await link.info()).id));
    auto const refused = bl::teardown(std::move(link)); // keeps the link: it would not end
    if (!refused) std::cout << refused.error() << '\n';

    co_await second.close();
    auto const done = co_await bl::teardown(std::move(link));
    std::cout << (done.gone ? "gone" : "still there") << '\n';
    auto const before = programs.runs("sys_enter_a");
    ::access("/", F_OK);
    std::cout << "it ran " << programs.runs("sys_enter_a") - before << " times since\n";
    auto const again =
        co_await bl::teardown(path); // as one that was interrupted here would call it
    std::cout << "again: " << (again.gone ? "gone" : "still there") << '\n';
}

int main() {
    return run(who_holds_it);
}
