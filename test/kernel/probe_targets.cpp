// SPDX-License-Identifier: Apache-2.0
#include "probe_targets.hpp"

#include <fstream>

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

// The compiler must neither inline nor merge them.
extern "C" {
[[gnu::noinline]] int bpflink_probed_first(int x) {
    asm volatile("" ::: "memory");
    return x + 1;
}
[[gnu::noinline]] int bpflink_probed_second(int x) {
    asm volatile("" ::: "memory");
    return x + 2;
}
}

namespace {
int volatile sink;
}

bpflink::unique_fd open_event(::perf_event_attr event) {
    event.size = sizeof event;
    return bpflink::unique_fd{
        static_cast<int>(::syscall(SYS_perf_event_open, &event, -1, 0, -1, PERF_FLAG_FD_CLOEXEC))};
}

bpflink::unique_fd open_clock(std::uint64_t period) {
    ::perf_event_attr clock{};
    clock.type = PERF_TYPE_SOFTWARE;
    clock.config = PERF_COUNT_SW_CPU_CLOCK;
    clock.sample_period = period;
    return open_event(clock);
}

bpflink::unique_fd open_tracepoint(std::string const& name) {
    std::ifstream file{"/sys/kernel/tracing/events/" + name + "/id"};
    ::perf_event_attr event{};
    event.type = PERF_TYPE_TRACEPOINT;
    file >> event.config;
    return open_event(event);
}

void call_first(int times) {
    for (int i = 0; i != times; ++i)
        sink = bpflink_probed_first(i);
}

void call_second(int times) {
    for (int i = 0; i != times; ++i)
        sink = bpflink_probed_second(i);
}

std::optional<counted_program> load_probe(bpflink::attach_type expected) {
    return counted_program::load(bpflink::program_type::kprobe, expected, {.reads_cookie = true});
}
