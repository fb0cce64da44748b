// SPDX-License-Identifier: Apache-2.0
// co_await on what the library returns.
#include "machine.hpp"

#include <bpflink/bpflink.hpp>

#include <string>
#include <type_traits>
#include <utility>

namespace {

using bl::result;
using xdp_program = typed_program<bl::program_type::xdp>;

struct with_programs : machine {
    fake::program& v1 = add_program(bl::program_type::xdp);
    fake::program& v2 = add_program(bl::program_type::xdp);
    xdp_program first{{open(v1)}};
    xdp_program second{{open(v2)}};
    std::size_t held = open_descriptors().size();
};

result<bl::xdp_link> start(xdp_program const& prog, xdp_program const& next) {
    bl::xdp_link l = co_await bl::attach(prog, bl::hook::xdp{.ifindex = bl::ifindex{2}});
    co_await l.pin("/bpf/x");
    co_await l.update(next, bl::expecting(prog));
    co_return std::move(l);
}

} // namespace

TEST_CASE_FIXTURE(with_programs, "statement by statement: attach, pin, update") {
    auto const live = start(first, second);
    REQUIRE(succeeded(live));
    CHECK(live->pinned_path() == "/bpf/x");
    CHECK(newest_link()->prog.get() == &v2);
}

TEST_CASE_FIXTURE(with_programs, "the first error is returned, and what is pinned by then stays") {
    SUBCASE("attach") {
        fail(call::link_create, EBUSY);
        CHECK(start(first, second).error() == bl::errc::hook_busy);
        CHECK(newest_link() == nullptr);
    }
    SUBCASE("pin: the link goes with its handle") {
        fail(call::obj_pin, EEXIST);
        CHECK(start(first, second).error() == bl::errc::already_exists);
        CHECK(newest_link() == nullptr);
    }
    SUBCASE("update: nothing is undone") {
        fail(call::link_update, EBUSY);
        CHECK(start(first, second).error() == bl::errc::hook_busy);
        CHECK(newest_link() != nullptr);
        CHECK(has_path("/bpf/x"));
    }
    CHECK(open_descriptors().size() == held);
}

TEST_CASE_FIXTURE(with_programs, "each hook may be written in the awaited expression") {
    typed_program<bl::program_type::cgroup_skb> const skb{
        {open(add_program(bl::program_type::cgroup_skb))}};
    typed_program<bl::program_type::raw_tracepoint> const tracepoint{
        {open(add_program(bl::program_type::raw_tracepoint))}};
    typed_program<bl::program_type::tracing> const iter{
        {open(add_program(bl::program_type::tracing, bl::attach_type::trace_iter))}};
    auto const map_fd = open(add_map());
    auto const map = bl::map_ref::from_fd(map_fd);
    REQUIRE(succeeded(map));
    static_assert(std::is_trivially_destructible_v<bl::hook::xdp> &&
                  std::is_trivially_destructible_v<bl::hook::cgroup> &&
                  std::is_trivially_destructible_v<bl::hook::raw_tracepoint> &&
                  std::is_trivially_destructible_v<bl::hook::iter> &&
                  std::is_trivially_destructible_v<bl::hook::raw>);

    auto const all = [&](std::string directory, std::string name) -> result<int> {
        auto const a = co_await bl::attach(
            skb,
            bl::hook::cgroup{.cgroup = directory, .attach = bl::attach_type::cgroup_inet_egress});
        auto const b = co_await bl::attach(
            tracepoint, bl::hook::raw_tracepoint{.name = name, .cookie = bl::cookie{7}});
        auto const c = co_await bl::attach(iter, bl::hook::iter{.map = *map});
        auto const d = co_await bl::attach(
            first, bl::hook::raw{.target = bl::ifindex{2}, .attach = bl::attach_type::xdp});
        auto const e = co_await bl::attach(
            first, bl::hook::xdp{.ifindex = bl::ifindex{3}, .mode = bl::xdp_mode::generic});
        co_return bool{a} + bool{b} + bool{c} + bool{d} + bool{e};
    };
    CHECK(all("/cgroup", "sched_switch") == 5);
    CHECK(all("/nothing", "sched_switch").error() == bl::errc::not_found);
    CHECK(all("/cgroup", "no_such_tracepoint").error() == bl::errc::not_found);
}

TEST_CASE_FIXTURE(with_programs, "chains and lists may be awaited too") {
    auto const function = [&]() -> result<std::size_t> {
        auto const live = co_await (bl::attach(first, bl::hook::xdp{bl::ifindex{2}}) |
                                    bl::pin("/bpf/x") | bl::update(second));
        auto const again = co_await bl::link::load_pinned("/bpf/x");
        auto const all = co_await (bl::links() | bl::collect);
        std::size_t seen = 0;
        for (auto&& info : bl::infos()) {
            bl::link_info const i = co_await std::move(info);
            seen += i.type == bl::link_type::xdp;
        }
        co_return all.size() + seen;
    };
    CHECK(function() == 2U);
    remove("/bpf/x");
    fail(call::obj_get, EACCES);
    CHECK(function().error() == bl::errc::permission_denied);
    CHECK(open_descriptors().size() == held);
}
