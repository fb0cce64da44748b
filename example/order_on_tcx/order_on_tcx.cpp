// SPDX-License-Identifier: Apache-2.0
// Puts several programs on one tcx hook, each in its place.
#include "order_on_tcx.skel.h"

#include <bpflink/bpflink.hpp>

#include <cstdio>
#include <iostream>
#include <memory>

namespace bl = bpflink;
using classifier = bl::program_ref<bl::program_type::sched_cls>;

bl::result<void> order_on_tcx(order_on_tcx_bpf const& loaded) {
    auto const a = co_await classifier::from(loaded.progs.a);
    auto const b = co_await classifier::from(loaded.progs.b);
    auto const c = co_await classifier::from(loaded.progs.c);

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
    std::unique_ptr<order_on_tcx_bpf, void (*)(order_on_tcx_bpf*)> const loaded{
        ::order_on_tcx_bpf__open_and_load(), ::order_on_tcx_bpf__destroy};
    if (!loaded) {
        std::perror("order_on_tcx.bpf.o");
        return 1;
    }
    auto const done = order_on_tcx(*loaded);
    if (!done) std::cerr << done.error() << '\n';
    return done ? 0 : 1;
}
