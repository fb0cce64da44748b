// SPDX-License-Identifier: Apache-2.0
// Steps as values: a chain that fails leaves nothing behind, and one that succeeds hands its link
// on, by a pin.
#include "undo_on_failure.skel.h"

#include <bpflink/bpflink.hpp>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>

namespace bl = bpflink;
using filter = bl::program_ref<bl::program_type::xdp>;
constexpr auto path = "/sys/fs/bpf/undo_on_failure";

bl::result<void> undo_on_failure(undo_on_failure_bpf const& loaded) {
    auto const first = co_await filter::from(loaded.progs.first);
    auto const second = co_await filter::from(loaded.progs.second);
    bl::hook::xdp const lo{.ifindex = bl::ifindex{1}};

    // Attached and pinned, and then it does not run the program that the update expects.
    auto const failed =
        bl::attach(first, lo) | bl::pin(path) | bl::update(second, bl::expecting(second));
    std::cout << failed.error() << '\n'
              << "the pin is " << (std::filesystem::exists(path) ? "there" : "gone") << ", and "
              << (co_await bl::query(lo)).entries.size() << " programs are on lo\n";

    // A part of a chain is a value too. The result goes at the semicolon, and the pin stays.
    auto const publish = bl::pin(path) | bl::update(second, bl::expecting(first));
    co_await (bl::attach(first, lo) | publish);
    for (auto&& pin : bl::pins("/sys/fs/bpf"))
        if (pin && pin->path == path)
            std::cout << "kept: " << pin->type << " link " << pin->id << '\n';

    // As xdp_link it is checked: another kind of link's pin would be an error.
    co_await (bl::xdp_link::load_pinned(path) | bl::unpin());
}

int main() {
    std::unique_ptr<undo_on_failure_bpf, void (*)(undo_on_failure_bpf*)> const loaded{
        ::undo_on_failure_bpf__open_and_load(), ::undo_on_failure_bpf__destroy};
    if (!loaded) {
        std::perror("undo_on_failure.bpf.o");
        return 1;
    }
    auto const done = undo_on_failure(*loaded);
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
