// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <initializer_list>
#include <optional>
#include <source_location>
#include <string>
#include <system_error>
#include <vector>

// What the hooks with several programs have in common.

/// A pair of devices; nothing, with the reason said, where the kernel has no such driver.
inline std::optional<sandbox::network::netkit> add_netkit(sandbox::network& net) {
    try {
        return net.add_netkit();
    } catch (std::system_error const& e) {
        if (e.code().value() != EOPNOTSUPP) throw;
        skip_case(std::string{"no netkit driver: "} + e.what());
        return std::nullopt;
    }
}

/// The ids of what is on a hook, as it runs.
template <bpflink::queryable Hook>
std::vector<bpflink::program_id> programs_on(Hook const& where) {
    std::vector<bpflink::program_id> ids;
    for (auto const& each : must(bpflink::query(where)).entries)
        ids.push_back(each.program);
    return ids;
}

/// Checks that a third program goes to each place that can be named next to two others.
/// @param by_program  whether a program with a link can be named itself
template <bpflink::program_type Type, class Hook>
void check_places(Hook where, int verdict, bool by_program) {
    constant_program<Type> const a{verdict};
    constant_program<Type> const b{verdict};
    constant_program<Type> const c{verdict};
    bpflink::typed_link<Hook> const on_a = must(bpflink::attach(a, where));
    bpflink::link const on_b = must(bpflink::attach(b, where)); // moved into an untyped one
    auto const id_of_link = [](auto const& l) { return must(l.info()).id; };
    auto const check = [&](bpflink::order wanted,
                           std::initializer_list<constant_program<Type> const*> as_they_run,
                           std::source_location at = std::source_location::current()) {
        auto there = where;
        there.order = wanted;
        auto const on_c = must(bpflink::attach(c, there), at);
        std::vector<bpflink::program_id> ids;
        for (auto const* const each : as_they_run)
            ids.push_back(id_of_program(each->fd()));
        CHECK_MESSAGE(programs_on(where) == ids, ::place(at));
    };
    using bpflink::order;
    check(order::first(), {&c, &a, &b});
    check(order::last(), {&a, &b, &c});
    check(order::before(on_a), {&c, &a, &b});
    check(order::after(on_a), {&a, &c, &b});
    check(order::before(on_b), {&a, &c, &b});
    check(order::after(on_b), {&a, &b, &c});
    check(order::before(id_of_link(on_b)), {&a, &c, &b});
    check(order::after(id_of_link(on_a)), {&a, &c, &b});
    if (!by_program) return;
    check(order::before(a), {&c, &a, &b});
    check(order::after(a), {&a, &c, &b});
    check(order::before(id_of_program(b.fd())), {&a, &c, &b});
    check(order::after(id_of_program(b.fd())), {&a, &b, &c});
}

/// Checks that a revision is compared: an old one is refused, and the newest one taken.
template <bpflink::program_type Type, class Hook>
void check_revisions(Hook where, int verdict) {
    constant_program<Type> const a{verdict};
    constant_program<Type> const b{verdict};
    auto const before = must(bpflink::query(where));
    REQUIRE(before.revision);
    CHECK(before.entries.empty());
    where.expected_revision = before.revision;
    auto const on_a = must(bpflink::attach(a, where));
    auto const between = must(bpflink::query(where));
    CHECK(between.entries.size() == 1);
    CHECK(between.revision != before.revision);
    check_error(bpflink::attach(b, where), bpflink::errc::stale_revision,
                {"ESTALE", "query it again"});
    CHECK(programs_on(where).size() == 1);
    where.expected_revision = between.revision;
    auto on_b = must(bpflink::attach(b, where));
    must(on_b.close());
    check_error(bpflink::attach(b, where), bpflink::errc::stale_revision);

    int times = 0;
    where.expected_revision.reset();
    auto const decided = must(bpflink::with_revision(where, [&](bpflink::hook_query const& now) {
        // Somebody is faster, the first time.
        if (times++ == 0) on_b = must(bpflink::attach(b, where));
        if (times == 2) must(on_b.close());
        auto there = where;
        there.expected_revision = must(bpflink::query(where)).revision;
        if (times == 1) there.expected_revision = now.revision;
        there.order = bpflink::order::first();
        constant_program<Type> const c{verdict};
        return bpflink::attach(c, there);
    }));
    CHECK(times == 2);
    CHECK(programs_on(where) == std::vector{must(decided.info()).program, id_of_program(a.fd())});
}
