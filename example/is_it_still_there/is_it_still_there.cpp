// SPDX-License-Identifier: Apache-2.0
// Says of each link of XDP and tcx whether it is on an interface of this network namespace:
// interfaces of others have the same numbers.
//   is_it_still_there [INTERFACE]
#include <bpflink/bpflink.hpp>

#include <iostream>
#include <string_view>

namespace bl = bpflink;

std::string_view spelt(bl::match is) {
    switch (is) {
    case bl::match::no: return "no";
    case bl::match::yes: return "yes";
    case bl::match::unknown: break;
    }
    return "unknown"; // nothing tells: not to be taken for either
}

bl::result<void> say_where(std::string_view interface) {
    auto const index = co_await bl::ifindex_of(interface);
    bl::hook::xdp const xdp{.ifindex = index};
    bl::hook::tcx const ingress{.ifindex = index, .attach = bl::attach_type::tcx_ingress};
    int number = 0;
    for (auto&& each : bl::links()) {
        if (!each) continue;
        auto const info = co_await each->info();
        ++number;
        if (info.type == bl::link_type::xdp)
            std::cout << "xdp link " << info.id << " on " << interface << ": "
                      << spelt(co_await bl::is_at(xdp, *each)) << '\n';
        if (info.type == bl::link_type::tcx)
            std::cout << "tcx link " << info.id << " on "
                      << interface << ", ingress: " << spelt(co_await bl::is_at(ingress, *each))
                      << '\n';
    }
    std::cout << "looked at " << number << " links\n";
}

int main(int count, char** arguments) {
    auto const done = say_where(count > 1 ? arguments[1] : "lo");
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
