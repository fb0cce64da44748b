// SPDX-License-Identifier: Apache-2.0
// Attaches all programs of a skeleton as one set, and prints the events of its ring buffer:
//   exec [SECONDS]    until it is interrupted, or so long
#include "exec.h"

#include "exec.skel.h"

#include <bpflink/bpflink.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>

namespace bl = bpflink;
using std::chrono::steady_clock;

int print(void*, void* data, std::size_t) {
    auto const& event = *static_cast<exec_event const*>(data);
    std::cout << event.process << ' ' << event.command << std::endl;
    return 0;
}

bl::result<void> watch(exec_bpf& loaded, steady_clock::time_point end) {
    bl::link_set set; // both or none; they end with the set
    set.want_all(loaded.obj);
    BPFLINK_TRY(set.apply());

    std::unique_ptr<::ring_buffer, void (*)(::ring_buffer*)> const events{
        ::ring_buffer__new(::bpf_map__fd(loaded.maps.events), print, nullptr, nullptr),
        ::ring_buffer__free};
    while (steady_clock::now() < end)
        ::ring_buffer__poll(events.get(), 100); // milliseconds
    std::cout << loaded.bss->ended << " processes or threads ended\n";
    return {};
}

int main(int count, char** arguments) {
    std::unique_ptr<exec_bpf, void (*)(exec_bpf*)> const loaded{::exec_bpf__open_and_load(),
                                                                ::exec_bpf__destroy};
    if (!loaded) {
        std::perror("exec.bpf.o");
        return 1;
    }
    auto const end = count > 1 ? steady_clock::now() +
                                     std::chrono::seconds{std::strtol(arguments[1], nullptr, 10)}
                               : steady_clock::time_point::max();
    auto const done = watch(*loaded, end);
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
