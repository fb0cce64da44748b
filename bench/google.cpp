// SPDX-License-Identifier: Apache-2.0
#include "google.hpp"

#include "operations.hpp"
#include "population.hpp"
#include "walks.hpp"

#include <cstdint>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

namespace {

/// One population at a time, since a walk sees every link there is.
class stage {
public:
    void set(std::size_t links) {
        if (live_ && live_->ids().size() == links) return;
        live_.reset();
        live_ = std::make_unique<population>(population::can_share_a_tracepoint()
                                                 ? population::kind::raw_tracepoint
                                                 : population::kind::iter,
                                             links);
    }
    void clear() { live_.reset(); }

private:
    std::unique_ptr<population> live_;
};

void run(benchmark::State& state, work const& what) {
    std::size_t done = 0;
    for ([[maybe_unused]] auto _ : state)
        done += what();
    state.SetItemsProcessed(static_cast<std::int64_t>(done));
}

} // namespace

bool run_google_benchmark(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return false;

    stage links;
    operations one; // keeps a link, which the walks see and count too
    auto const add_walk = [&](char const* name, work what) {
        auto* const entry = benchmark::RegisterBenchmark(
            name, [&links, what = std::move(what)](benchmark::State& state) {
                links.set(static_cast<std::size_t>(state.range(0)));
                run(state, what);
            });
        entry->Arg(10)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMicrosecond);
    };
    auto const add_operation = [&](std::string const& name, work what) {
        benchmark::RegisterBenchmark(name.c_str(),
                                     [&links, what = std::move(what)](benchmark::State& state) {
                                         links.clear();
                                         run(state, what);
                                     });
    };
    add_walk("link_ids/bpflink", by_bpflink::link_ids);
    add_walk("link_ids/libbpf", by_hand::link_ids);
    add_walk("links/bpflink", by_bpflink::links);
    add_walk("links/libbpf", by_hand::links);
    add_walk("infos/bpflink", by_bpflink::infos);
    add_walk("infos/libbpf", by_hand::infos);
    add_walk("snapshot/bpflink", by_bpflink::snapshot);
    for (auto const& [name, ours, by_hand] : one.contests()) {
        add_operation(name + "/bpflink", ours);
        add_operation(name + "/libbpf", by_hand);
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return true;
}
