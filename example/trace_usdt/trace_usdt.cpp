// SPDX-License-Identifier: Apache-2.0
// Lists the USDT probes that match, and prints their arguments whenever a program comes by:
//   trace_usdt usdt:FILE:PROVIDER:NAME    with * and ?; of all processes, until it is interrupted
// Without an argument, those of the C++ library, in this process.
#include "trace_usdt.h"

#include "trace_usdt.skel.h"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace bl = bpflink;

int print(void* probes, void* data, std::size_t) {
    auto const& event = *static_cast<usdt_event const*>(data);
    auto const& probe = (*static_cast<std::vector<bl::usdt_probe>*>(probes))[event.probe];
    std::cout << event.command << '[' << event.process << "] " << probe.provider << ':'
              << probe.name << std::hex;
    for (unsigned i = 0; i != event.count; ++i)
        std::cout << " 0x" << event.values[i];
    std::cout << std::dec << std::endl;
    return 0;
}

bl::result<void> trace(trace_usdt_bpf const& loaded, std::string_view wanted,
                       std::optional<int> process) {
    auto const prog = co_await bl::program_ref<bl::program_type::kprobe>::from(loaded.progs.trace);
    wanted.remove_prefix(wanted.starts_with("usdt:") ? 5 : 0);
    auto const binary = wanted.substr(0, wanted.find(':'));
    auto const pattern = wanted.substr(std::min(binary.size() + 1, wanted.size()));
    auto probes = co_await bl::matching_usdt(binary, pattern);
    // Lent, so that CAP_BPF and CAP_PERFMON are enough.
    bl::fd_view const specs{::bpf_map__fd(loaded.maps.__bpf_usdt_specs)};
    std::vector<bl::usdt_link> links;
    for (std::size_t i = 0; i != probes.size(); ++i) {
        auto const& [provider, name] = probes[i];
        auto link = bl::attach(prog, bl::hook::usdt{.binary = binary,
                                                    .provider = provider,
                                                    .name = name,
                                                    .pid = process,
                                                    .cookie = bl::cookie{i},
                                                    .specs = specs});
        if (!link) { // such as one with arguments that no program reads
            std::cerr << link.error() << '\n';
            continue;
        }
        links.push_back(std::move(*link));
        std::cout << "attached to " << provider << ':' << name << std::endl;
    }
    if (links.empty()) {
        std::cerr << "nothing is attached: '" << wanted << "'\n";
        co_return;
    }

    std::unique_ptr<::ring_buffer, void (*)(::ring_buffer*)> const events{
        ::ring_buffer__new(::bpf_map__fd(loaded.maps.events), print, &probes, nullptr),
        ::ring_buffer__free};
    try {
        throw std::runtime_error{"to be seen"};
    } catch (std::runtime_error const& e) {
        std::cout << "caught " << &e << '\n';
    }
    do
        ::ring_buffer__poll(events.get(), 100); // milliseconds
    while (!process);
}

int main(int count, char** arguments) {
    std::unique_ptr<trace_usdt_bpf, void (*)(trace_usdt_bpf*)> const loaded{
        ::trace_usdt_bpf__open_and_load(), ::trace_usdt_bpf__destroy};
    if (!loaded) {
        std::perror("trace_usdt.bpf.o");
        return 1;
    }
    auto const done = count > 1
                          ? trace(*loaded, arguments[1], std::nullopt)
                          : trace(*loaded, "usdt:libstdc++.so.6:libstdcxx:*", 0); // this process
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
