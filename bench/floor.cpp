// SPDX-License-Identifier: Apache-2.0
// What no library can do without, the parts of a walk beside an empty system call; and the memory
// that a walk takes.
#include "memory.hpp"
#include "need.hpp"
#include "population.hpp"
#include "sandbox.hpp"
#include "walks.hpp"

#include <bpflink/views/snapshot.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>

#include <benchmark/benchmark.h>

#include <bpf/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

/// One link, whose descriptor and id the entries ask about.
struct one_link {
    population live{population::kind::iter, 1};
    std::uint32_t id = live.ids().front().value();
    bpflink::unique_fd link{need(::bpf_link_get_fd_by_id(id))};
};

template <class Part>
void measure(char const* name, Part part) {
    benchmark::RegisterBenchmark(name, [part](benchmark::State& state) {
        one_link const with;
        part(with); // what is needed once, the first time
        for (auto _ : state)
            part(with);
    });
}

void ask(int link, std::uint32_t size) {
    ::bpf_link_info info{};
    need(::bpf_link_get_info_by_fd(link, &info, &size));
}

void register_floor() {
    measure("an empty system call", [](one_link const&) { need(::syscall(SYS_getppid)); });
    measure("dup and close", [](one_link const& l) { ::close(need(::dup(l.link.get()))); });
    measure("bpf(2), refused at once", [](one_link const&) { ::syscall(SYS_bpf, -1, nullptr, 0); });
    measure("next id", [](one_link const& l) {
        std::uint32_t next = 0;
        need(::bpf_link_get_next_id(l.id - 1, &next));
    });
    measure("open by id and close",
            [](one_link const& l) { ::close(need(::bpf_link_get_fd_by_id(l.id))); });
    measure("info, 12 bytes", [](one_link const& l) { ask(l.link.get(), 12); });
    measure("info, whole", [](one_link const& l) { ask(l.link.get(), sizeof(::bpf_link_info)); });
    measure("a snapshot of few links", [](one_link const&) { by_bpflink::snapshot(); });
}

/// A walk over many links: its time for each, and what the second walk allocates.
void register_walk(char const* name, tally (*walk)(), population::kind what) {
    benchmark::RegisterBenchmark(
        name,
        [=](benchmark::State& state) {
            population const live{what, static_cast<std::size_t>(state.range())};
            walk(); // what is needed once, the first time
            auto const before = forget_peak() ? resident() : 0;
            auto const calls = allocations();
            auto const seen = walk().seen;
            auto const calls_of_one = allocations() - calls;
            auto const grown = std::max(0L, peak_resident() - before);
            state.counters["allocations"] = static_cast<double>(calls_of_one);
            state.counters["KiB"] = static_cast<double>(grown);
            for (auto _ : state)
                walk();
            state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(seen));
        })
        ->Arg(300)
        ->Arg(10'000)
        ->Unit(benchmark::kMicrosecond);
}

} // namespace

int main(int argc, char** argv) try {
    if (::geteuid() != 0) throw std::runtime_error{"making and listing links needs root"};
    sandbox::enter_private_mounts();
    using enum population::kind;
    bool const can_share = population::can_share_a_tracepoint();
    auto const basic = can_share ? raw_tracepoint : iter;
    register_floor();
    register_walk("link_ids", by_bpflink::link_ids, basic);
    register_walk("links", by_bpflink::links, basic);
    register_walk("infos", by_bpflink::infos, basic);
    if (can_share) register_walk("infos, long names", by_bpflink::infos, long_names);
    register_walk("infos, in turn", by_bpflink::infos, can_share ? in_turn : iter);
    register_walk("snapshot", by_bpflink::snapshot, basic);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
} catch (std::exception const& e) {
    std::fprintf(stderr, "bpflink-floor: %s\n", e.what());
    return 1;
}
