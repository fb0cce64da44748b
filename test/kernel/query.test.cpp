// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "places.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>
#include <bpflink/query.hpp>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace bl = bpflink;

namespace {

using classifier = constant_program<bl::program_type::sched_cls>;

constexpr int go_on = -1; // TCX_NEXT
constexpr auto egress = bl::attach_type::cgroup_inet_egress;

/// Nothing, and the case skipped, where the kernel has no tcx.
std::optional<bl::hook_query> query_tcx(bl::hook::tcx const& where) {
    auto answer = bl::query(where);
    if (answer || !(answer.error() == bl::errc::not_supported)) return must(std::move(answer));
    skip_unsupported(answer.error());
    return std::nullopt;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a query of tcx tells programs, links and revision") {
    sandbox::network const net;
    bl::hook::tcx const where{.ifindex = net.loopback(), .attach = bl::attach_type::tcx_ingress};
    auto const empty = query_tcx(where);
    if (!empty) return;
    CHECK(empty->entries.empty());
    CHECK(empty->revision);
    classifier const a{go_on};
    classifier const b{go_on};
    auto const on_a = must(bl::attach(a, where));
    auto on_b = must(bl::attach(b, where));
    auto const two = must(bl::query(where));
    REQUIRE(two.entries.size() == 2);
    CHECK(two.entries[0].program == id_of_program(a.fd()));
    CHECK(two.entries[0].link == must(on_a.info()).id);
    CHECK(two.entries[1].program == id_of_program(b.fd()));
    CHECK(two.entries[1].link == must(on_b.info()).id);
    CHECK(two.revision > empty->revision);
    must(on_b.detach());
    auto const one = must(bl::query(where));
    REQUIRE(one.entries.size() == 1);
    CHECK(one.entries[0].link == must(on_a.info()).id);
    CHECK(one.revision > two.revision);
    CHECK(must(bl::query(
                   bl::hook::tcx{.ifindex = net.loopback(), .attach = bl::attach_type::tcx_egress}))
              .entries.empty());
    check_error(bl::query(bl::hook::tcx{.ifindex = bl::ifindex{4711},
                                        .attach = bl::attach_type::tcx_egress}),
                bl::errc::not_found, {"interface 4711", "no such interface"});
}

TEST_CASE_FIXTURE(kernel_case, "a query of a cgroup tells its own programs") {
    sandbox::cgroup const group;
    programs const p{"egress_a", "egress_b"};
    bl::hook::cgroup const where{group.path(), egress};
    CHECK(programs_on(where).empty());
    auto a = must(bl::attach(p.skb("egress_a"), where));
    auto const b = must(bl::attach(p.skb("egress_b"), where));
    auto const q = must(bl::query(where));
    REQUIRE(q.entries.size() == 2);
    CHECK(q.entries[0].program == p.program_id("egress_a"));
    CHECK(q.entries[1].program == p.program_id("egress_b"));
    CHECK_FALSE(q.entries[0].link);
    CHECK(q.flags == 2); // BPF_F_ALLOW_MULTI
    must(a.close());
    CHECK(programs_on(where) == std::vector{p.program_id("egress_b")});
    CHECK(
        programs_on(bl::hook::cgroup{group.path(), bl::attach_type::cgroup_inet_ingress}).empty());

    check_error(bl::query(bl::hook::cgroup{"/proc", egress}), bl::errc::invalid_argument,
                {"/proc", "not a version 2 cgroup"});
    check_error(bl::query(bl::hook::cgroup{group.path() / "missing", egress}), bl::errc::not_found,
                {"missing"});
}

TEST_CASE_FIXTURE(kernel_case, "a full cgroup is told whole") {
    sandbox::cgroup const group;
    programs const p{"egress_a"};
    bl::hook::cgroup const where{group.path(), egress};
    std::vector<bl::cgroup_link> links;
    for (int i = 0; i != 64; ++i)
        links.push_back(must(bl::attach(p.skb("egress_a"), where)));
    CHECK(programs_on(where) == std::vector(64, p.program_id("egress_a")));
}

TEST_CASE_FIXTURE(kernel_case, "a query while programs come and go is of one moment") {
    sandbox::network const net;
    bl::hook::tcx const where{.ifindex = net.loopback(), .attach = bl::attach_type::tcx_ingress};
    if (!query_tcx(where)) return;
    classifier const a{go_on};
    classifier const b{go_on};
    auto const on_a = must(bl::attach(a, where));
    std::atomic<bool> done = false;
    std::atomic<int> attached = 0;
    std::thread changes{[&] {
        while (!done)
            if (bl::attach(b, bl::hook::tcx{.ifindex = where.ifindex,
                                            .attach = where.attach,
                                            .order = bl::order::first()}))
                ++attached;
    }};
    std::optional<bl::revision> before;
    bool grows = true;
    bool fits = true;
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    // The other thread may begin late.
    for (int i = 0; i < 2'000 || (attached < 10 && std::chrono::steady_clock::now() < deadline);
         ++i) {
        auto const q = bl::query(where);
        if (!q || !q->revision || q->entries.empty()) {
            fits = false;
            break;
        }
        grows = grows && (!before || *before <= *q->revision);
        fits = fits && q->entries.back().program == id_of_program(a.fd()) &&
               (q->entries.size() == 1 ||
                (q->entries.size() == 2 && q->entries[0].program == id_of_program(b.fd())));
        before = q->revision;
    }
    done = true;
    changes.join();
    CHECK(grows);
    CHECK(fits);
    CHECK(attached > 0);
}
