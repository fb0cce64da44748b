// SPDX-License-Identifier: Apache-2.0
// Puts several programs on one tcx hook, each in its place.
#include "small_program.hpp"

#include <bpflink/bpflink.hpp>

#include <iostream>

namespace bl = bpflink;
using classifier = small_program<bl::program_type::sched_cls>;

bl::result<void> order_on_tcx() {
    constexpr int next = -1; // TCX_NEXT: the program after it decides
    classifier const a{next};
    classifier const b{next};
    classifier const c{next};

    bl::hook::tcx const ingress{.ifindex = bl::ifindex{1}, .attach = bl::attach_type::tcx_ingress};
    auto const link_a = co_await bl::attach(a, ingress); // the last, and the only one
    auto in_front = ingress;
    in_front.order = bl::order::before(link_a);
    auto const link_b = co_await bl::attach(b, in_front);

    // Where it goes depends on what is there, so it goes there only while that is still so. When
    // somebody was quicker, it is decided again.
    auto const second = [&](bl::hook_query const& now) {
        auto where = ingress;
        where.order = bl::order::after(now.entries.front().program);
        where.expected_revision = now.revision;
        return bl::attach(c, where);
    };
    auto const link_c = co_await bl::with_revision(ingress, second);

    auto const id_a = (co_await link_a.info()).id;
    auto const id_b = (co_await link_b.info()).id;
    auto const now = co_await bl::query(ingress);
    std::cout << "order:";
    for (auto const& entry : now.entries)
        std::cout << (entry.link == id_a ? " a" : entry.link == id_b ? " b" : " c");
    std::cout << '\n';
}

int main() {
    auto const done = order_on_tcx();
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
