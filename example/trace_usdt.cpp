// SPDX-License-Identifier: Apache-2.0
// Lists the USDT probes that match, and prints their arguments whenever a program comes by:
//   trace_usdt usdt:FILE:PROVIDER:NAME    with * and ?; of all processes, until it is interrupted
// Without an argument, those of the C++ library, in this process.
#include "trace_usdt.h"

#include "run.hpp"
#include "trace_usdt.bpf.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <bpf/libbpf.h>

namespace bl = bpflink;

namespace {

std::string_view wanted = "usdt:libstdc++.so.6:libstdcxx:*";
std::optional<int> process = 0; // this one

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

bl::result<void> trace_usdt() {
    if (lacks<bl::hook::usdt>()) co_return;
    ::libbpf_set_print(nullptr);
    auto const file = bpf_objects::trace_usdt();
    std::unique_ptr<::bpf_object, decltype(&::bpf_object__close)> const object{
        ::bpf_object__open_mem(file.data(), file.size(), nullptr), ::bpf_object__close};
    if (!object || ::bpf_object__load(object.get()) < 0)
        throw std::system_error{errno, std::generic_category(), "loading the program"};
    auto const prog = co_await bl::program_ref<bl::program_type::kprobe>::from(
        ::bpf_object__find_program_by_name(object.get(), "trace"));

    wanted.remove_prefix(wanted.starts_with("usdt:") ? 5 : 0);
    auto const binary = wanted.substr(0, wanted.find(':'));
    auto const pattern = wanted.substr(std::min(binary.size() + 1, wanted.size()));
    auto probes = co_await bl::matching_usdt(binary, pattern);
    // Lent, so that CAP_BPF and CAP_PERFMON are enough.
    bl::fd_view const specs{::bpf_object__find_map_fd_by_name(object.get(), "__bpf_usdt_specs")};
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

    std::unique_ptr<::ring_buffer, decltype(&::ring_buffer__free)> const events{
        ::ring_buffer__new(::bpf_object__find_map_fd_by_name(object.get(), "events"), print,
                           &probes, nullptr),
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

} // namespace

int main(int count, char** arguments) {
    if (count > 1) {
        wanted = arguments[1];
        process.reset();
    }
    return run(trace_usdt);
}
