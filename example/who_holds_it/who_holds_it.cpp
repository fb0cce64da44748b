// SPDX-License-Identifier: Apache-2.0
// Why is this program still on its hook? Names what keeps its link alive, and ends it, verified.
#include "who_holds_it.skel.h"

#include <bpflink/bpflink.hpp>

#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace bl = bpflink;

void print(bl::link_holders const& who) {
    for (auto const& each : who.processes)
        std::cout << each.command << " by " << each.descriptors << " descriptors\n";
    for (auto const& pin : who.pins)
        std::cout << "pinned as "
                  << bl::text_of_pin_name(pin.substr(pin.rfind('/') + 1)).value_or(pin) << '\n';
}

bl::result<void> who_holds_it(who_holds_it_bpf const& loaded) {
    auto const tracer =
        co_await bl::program_ref<bl::program_type::raw_tracepoint>::from(loaded.progs.tracer);
    auto link = co_await bl::attach(tracer, bl::hook::raw_tracepoint{"sys_enter"});
    // A bpffs takes no dot in a name.
    auto const path = "/sys/fs/bpf/" + bl::pin_name("who_holds_it.v1");
    co_await link.pin(path);
    auto second = co_await bl::link::duplicate(link);

    auto const id = (co_await link.info()).id;
    print(co_await bl::holders(id));
    auto const refused = bl::teardown(std::move(link)); // keeps the link: it would not end
    if (!refused) std::cout << refused.error() << '\n';

    co_await second.close();
    auto const done = co_await bl::teardown(std::move(link));
    std::cout << (done.gone ? "gone" : "still there") << '\n';
    auto const nobody = bl::holders(id);
    if (!nobody) std::cout << nobody.error() << '\n';
    // As one that was interrupted here would call it.
    auto const again = co_await bl::teardown(path);
    std::cout << "again: " << (again.gone ? "gone" : "still there") << '\n';
}

int main() {
    std::unique_ptr<who_holds_it_bpf, void (*)(who_holds_it_bpf*)> const loaded{
        ::who_holds_it_bpf__open_and_load(), ::who_holds_it_bpf__destroy};
    if (!loaded) {
        std::perror("who_holds_it.bpf.o");
        return 1;
    }
    auto const done = who_holds_it(*loaded);
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
