// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/supports.hpp>

#include <exception>
#include <iostream>

/// Runs an example, says what stopped it, and gives main its exit code.
inline int run(bpflink::result<void> (*example)()) {
    try {
        auto const outcome = example();
        if (outcome) return 0;
        std::cerr << outcome.error().message() << '\n';
    } catch (std::exception const& e) { // of the sandbox, or of loading the programs
        std::cerr << e.what() << '\n';
    }
    return 1;
}

/// Whether this kernel lacks the hook that an example is about. Says why, as tests want to hear it.
template <bpflink::hook_like Hook>
bool lacks() {
    auto const there = bpflink::supports<Hook>();
    if (there.is != bpflink::support::answer::no) return false;
    std::cout << "SKIP: this kernel has no " << bpflink::hook_traits<Hook>::name << ": "
              << there.why << '\n';
    return true;
}
