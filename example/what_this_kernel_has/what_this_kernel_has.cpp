// SPDX-License-Identifier: Apache-2.0
// Asks the running kernel for every hook, and for the reason where it has none.
#include <bpflink/bpflink.hpp>

#include <iostream>

namespace bl = bpflink;

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

template <class... Hooks>
void ask_all(bl::type_list<Hooks...>) {
    (ask<Hooks>(), ...);
}

int main() {
    ask_all(bl::all_hooks{});
}
