// SPDX-License-Identifier: Apache-2.0
// Counts an interface's packets until Enter is pressed:
//   count INTERFACE          the link ends with the process
//   count INTERFACE PIN      the link stays, pinned; the next run swaps its program in
#include "count.skel.h"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string_view>

namespace bl = bpflink;
using skeleton = std::unique_ptr<count_bpf, void (*)(count_bpf*)>;

bl::result<void> count_packets(count_bpf& loaded, std::string_view interface,
                               std::optional<std::string_view> pin) {
    BPFLINK_TRY(prog, bl::program_ref<bl::program_type::xdp>::from(loaded.progs.count));
    BPFLINK_TRY(device, bl::ifindex_of(interface));
    bl::hook::xdp const where{.ifindex = device};

    bl::xdp_link link;
    if (pin) {
        BPFLINK_TRY(done, bl::ensure_attached(prog, where, *pin));
        std::cout << done.how << '\n'; // created, updated, kept or recreated
        link = std::move(done.link);
    } else {
        BPFLINK_TRY(attached, bl::attach(prog, where));
        link = std::move(attached);
    }
    BPFLINK_TRY(info, link.info());
    std::cout << "link " << info.id << "; Enter ends it" << std::endl;
    std::cin.get();
    std::cout << loaded.bss->packets << " packets\n";
    return {};
}

int main(int count, char** arguments) {
    if (count != 2 && count != 3) {
        std::cerr << "usage: count INTERFACE [PIN]\n";
        return 2;
    }
    skeleton const loaded{::count_bpf__open_and_load(), ::count_bpf__destroy};
    if (!loaded) {
        std::perror("count.bpf.o");
        return 1;
    }
    auto const done =
        count_packets(*loaded, arguments[1],
                      count == 3 ? std::optional<std::string_view>{arguments[2]} : std::nullopt);
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
