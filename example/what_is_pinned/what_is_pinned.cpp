// SPDX-License-Identifier: Apache-2.0
// Lists the pinned links of every bpffs that is mounted here, and makes one to have something.
#include "what_is_pinned.skel.h"

#include <bpflink/bpflink.hpp>

#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

namespace bl = bpflink;

bl::result<void> what_is_pinned(what_is_pinned_bpf const& loaded) {
    auto const tracer =
        co_await bl::program_ref<bl::program_type::raw_tracepoint>::from(loaded.progs.tracer);
    auto link = co_await bl::attach(tracer, bl::hook::raw_tracepoint{"sys_enter"});
    co_await link.pin("/sys/fs/bpf/" + bl::pin_name("what is pinned: v1.0"));
    for (auto const& pin : bl::pins()) {
        if (!pin) { // of one that cannot be read; the walk goes on
            std::cout << pin.error() << '\n';
            continue;
        }
        auto const name = pin->path.substr(pin->path.rfind('/') + 1);
        std::cout << pin->type << " link " << pin->id << " at " << pin->path;
        if (auto const text = bl::text_of_pin_name(name); text && *text != name)
            std::cout << " (" << *text << ")";
        std::cout << (pin->temporary ? ", left by a killed process\n" : "\n");
    }
    co_await link.unpin();
}

int main() {
    std::unique_ptr<what_is_pinned_bpf, void (*)(what_is_pinned_bpf*)> const loaded{
        ::what_is_pinned_bpf__open_and_load(), ::what_is_pinned_bpf__destroy};
    if (!loaded) {
        std::perror("what_is_pinned.bpf.o");
        return 1;
    }
    auto const done = what_is_pinned(*loaded);
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
