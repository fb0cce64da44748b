// SPDX-License-Identifier: Apache-2.0
#include "walks.hpp"

#include <bpflink/views/infos.hpp>
#include <bpflink/views/link_ids.hpp>
#include <bpflink/views/links.hpp>
#include <bpflink/views/snapshot.hpp>

#include <stdexcept>
#include <variant>
#include <vector>

#include <benchmark/benchmark.h>

namespace bl = bpflink;

namespace by_bpflink {
namespace {

template <class T>
T& need(bl::result<T>& r) {
    if (!r) throw std::runtime_error{r.error().message()};
    return *r;
}

} // namespace

std::size_t link_ids() {
    std::size_t seen = 0;
    for (auto&& entry : bl::link_ids()) {
        auto id = need(entry).value();
        benchmark::DoNotOptimize(id);
        ++seen;
    }
    return seen;
}

std::size_t links() {
    std::size_t seen = 0;
    for (auto&& entry : bl::links()) {
        int fd = need(entry).fd().get();
        benchmark::DoNotOptimize(fd);
        ++seen;
    }
    return seen;
}

std::size_t infos() {
    std::size_t seen = 0;
    for (auto&& entry : bl::infos()) {
        auto const& info = need(entry);
        auto program = info.program.value();
        benchmark::DoNotOptimize(program);
        char const* name = nullptr;
        if (auto const* const tp = std::get_if<bl::raw_tracepoint_details>(&info.details))
            name = tp->name.c_str();
        else if (auto const* const iter = std::get_if<bl::iter_details>(&info.details))
            name = iter->target_name.c_str();
        benchmark::DoNotOptimize(name);
        benchmark::ClobberMemory();
        ++seen;
    }
    return seen;
}

std::size_t snapshot() {
    static bl::snapshotter by;
    static std::vector<bl::link_record> records;
    if (auto const taken = by.take(records); !taken)
        throw std::runtime_error{taken.error().message()};
    for (auto const& record : records) {
        auto program = record.program.value();
        benchmark::DoNotOptimize(program);
    }
    benchmark::ClobberMemory();
    return records.size();
}

} // namespace by_bpflink
