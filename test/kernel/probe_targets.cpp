// SPDX-License-Identifier: Apache-2.0
#include "probe_targets.hpp"

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
