// SPDX-License-Identifier: Apache-2.0
// Puts several programs on one tcx hook, each in its place.
#include "programs.hpp"
#include "run.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <iostream>

namespace bl = bpflink;

bl::result<void> order_on_tcx() {
    if (lacks<bl::hook::tcx>()) co_return;
    sandbox::network const network;
    test_programs const programs{"classify_a", "classify_b", "classify_c"};
    using classifier = bl::program_ref<bl::program_type::sched_cls>;
    auto const a = co_await classifier::from(programs.get("classify_a"));
    auto const b = co_await classifier::from(programs.get("classify_b"));
    auto const c = co_await classifier::from(programs.get("classify_c"));

    bl::hook::tcx const ingress{network.loopback(), bl::attach_type::tcx_ingress};
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

    auto const now = co_await bl::query(ingress);
    std::cout << "order:";
    for (auto const& entry : now.entries)
        for (auto const* name : {"classify_a", "classify_b", "classify_c"})
            if (entry.program == bl::program_id{programs.id(name)}) std::cout << ' ' << name;
    std::cout << '\n';

    network.send_to_loopback(3);
    std::cout << "packets: " << programs.runs("classify_a") << ' ' << programs.runs("classify_b")
              << ' ' << programs.runs("classify_c") << '\n';
}

int main() {
    return run(order_on_tcx);
}
