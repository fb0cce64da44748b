// SPDX-License-Identifier: Apache-2.0
// Asks the running kernel for every hook, and for the reason where it has none.
#include "run.hpp"

#include <bpflink/bpflink.hpp>

#include <iostream>

namespace bl = bpflink;
namespace hook = bl::hook;

template <bl::hook_like Hook>
void ask() {
    auto const there = bl::supports<Hook>();
    auto const since = bl::hook_traits<Hook>::since;
    std::cout << bl::hook_traits<Hook>::name << " (Linux " << since.major << '.' << since.minor
              << "): ";
    switch (there.is) {
        using enum bl::support::answer;
    case yes: std::cout << "yes\n"; break;
    case no: std::cout << "no; " << there.why << '\n'; break;
    case unknown: std::cout << "unknown; " << there.why << '\n'; break;
    }
}

template <bl::hook_like... Hooks>
void ask_all() {
    (ask<Hooks>(), ...);
}

bl::result<void> what_this_kernel_has() {
    ask_all<hook::cgroup, hook::freplace, hook::iter, hook::kprobe, hook::kprobe_multi, hook::lsm,
            hook::netfilter, hook::netkit, hook::netns, hook::perf_event, hook::raw_tracepoint,
            hook::sockmap, hook::struct_ops, hook::tcx, hook::tp_btf, hook::tracepoint,
            hook::tracing, hook::tracing_multi, hook::uprobe, hook::uprobe_multi, hook::xdp>();
    return {};
}

int main() {
    return run(what_this_kernel_has);
}
