// SPDX-License-Identifier: Apache-2.0
#include "perf_names.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <linux/perf_event.h>

namespace tool {
namespace {

using names = std::span<std::string_view const>;

constexpr std::array<std::string_view, PERF_TYPE_BREAKPOINT + 1> types{
    "hardware", "software", "tracepoint", "hw-cache", "raw", "breakpoint"};
constexpr std::array<std::string_view, PERF_COUNT_HW_REF_CPU_CYCLES + 1> hardware{
    "cpu-cycles",
    "instructions",
    "cache-references",
    "cache-misses",
    "branch-instructions",
    "branch-misses",
    "bus-cycles",
    "stalled-cycles-frontend",
    "stalled-cycles-backend",
    "ref-cycles"};
constexpr std::array<std::string_view, PERF_COUNT_SW_CGROUP_SWITCHES + 1> software{
    "cpu-clock",        "task-clock",   "page-faults",  "context-switches",
    "cpu-migrations",   "minor-faults", "major-faults", "alignment-faults",
    "emulation-faults", "dummy",        "bpf-output",   "cgroup-switches"};
constexpr std::array<std::string_view, PERF_COUNT_HW_CACHE_NODE + 1> caches{
    "L1-dcache", "L1-icache", "LLC", "dTLB", "iTLB", "branch", "node"};
constexpr std::array<std::string_view, PERF_COUNT_HW_CACHE_OP_PREFETCH + 1> operations{
    "load", "store", "prefetch"};
constexpr std::array<std::string_view, PERF_COUNT_HW_CACHE_RESULT_MISS + 1> outcomes{"refs",
                                                                                     "misses"};

std::string at(names all, std::uint64_t index) {
    return index < all.size() ? std::string{all[index]} : std::string{};
}

/// Three numbers in one: which cache, what is done, and how that ends.
std::string cache_event(std::uint64_t config) {
    auto const cache = at(caches, config & 0xff);
    auto const operation = at(operations, config >> 8 & 0xff);
    auto const outcome = at(outcomes, config >> 16);
    if (cache.empty() || operation.empty() || outcome.empty()) return {};
    return cache + "-" + operation + "-" + outcome;
}

} // namespace

perf_names name_of(bpflink::perf_counter const& event) {
    perf_names found{at(types, event.type), {}};
    if (event.type == PERF_TYPE_HARDWARE) found.config = at(hardware, event.config);
    if (event.type == PERF_TYPE_SOFTWARE) found.config = at(software, event.config);
    if (event.type == PERF_TYPE_HW_CACHE) found.config = cache_event(event.config);
    return found;
}

} // namespace tool
