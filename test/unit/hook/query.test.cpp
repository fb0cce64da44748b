// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/cgroup.hpp>
#include <bpflink/hook/netkit.hpp>
#include <bpflink/hook/netns.hpp>
#include <bpflink/hook/sockmap.hpp>
#include <bpflink/hook/tcx.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/query.hpp>

#include <string>
#include <vector>

namespace {

using bl::attach_type;

constexpr bl::hook::tcx ingress{.ifindex = bl::ifindex{2}, .attach = attach_type::tcx_ingress};
constexpr auto egress = attach_type::cgroup_inet_egress;

static_assert(bl::queryable<bl::hook::tcx> && bl::queryable<bl::hook::netkit> &&
              bl::queryable<bl::hook::cgroup> && bl::queryable<bl::hook::netns> &&
              bl::queryable<bl::hook::sockmap>);
static_assert(bl::queryable<bl::hook::xdp>);

std::vector<std::uint32_t> programs_of(bl::hook_query const& q) {
    std::vector<std::uint32_t> ids;
    for (auto const& each : q.entries)
        ids.push_back(each.program.value());
    return ids;
}

void put_on(fake::kernel& kernel, std::uint32_t count) {
    kernel.on_hook.clear();
    for (std::uint32_t i = 1; i <= count; ++i)
        kernel.on_hook.push_back({i, 1'000 + i});
}

} // namespace

TEST_CASE_FIXTURE(machine, "a query lists programs and links as they run, with the revision") {
    on_hook = {{30, 3}, {10, 0}, {20, 2}};
    hook_revision = 0x1'0000'0007;
    auto const q = bl::query(ingress);
    REQUIRE(succeeded(q));
    CHECK(programs_of(*q) == std::vector<std::uint32_t>{30, 10, 20});
    CHECK(q->entries[0].link == bl::link_id{3});
    CHECK_FALSE(q->entries[1].link);
    CHECK(q->entries[2].link == bl::link_id{2});
    CHECK(q->revision == bl::revision{0x1'0000'0007});
    CHECK(q->flags == 0);
    CHECK(system_calls() == 1);
    CHECK(last_query.target == 2);
    CHECK(last_query.attach_type == 46);
    CHECK(last_query.query_flags == 0);
    CHECK(last_query.attach_flags == 0);
    CHECK(last_query.link_attach_flags == 0);

    REQUIRE(succeeded(bl::query(
        bl::hook::netkit{.ifindex = bl::ifindex{3}, .attach = attach_type::netkit_peer})));
    CHECK(last_query.target == 3);
    CHECK(last_query.attach_type == 55);
    CHECK(last_query.link_ids != 0);
}

TEST_CASE_FIXTURE(machine, "an empty hook has no entries, and a revision where one is reported") {
    auto q = bl::query(ingress);
    REQUIRE(succeeded(q));
    CHECK(q->entries.empty());
    CHECK(q->revision == bl::revision{1});
    hook_revision = 0;
    q = bl::query(ingress);
    REQUIRE(succeeded(q));
    CHECK_FALSE(q->revision);
}

TEST_CASE_FIXTURE(machine, "kernels before 6.6 are sent nothing that they do not know") {
    on_hook = {{30, 3}};
    hook_revision = 0;
    auto const directory = open_cgroup();
    auto const name_space = open_file();
    auto const fd = open(add_map());
    auto const check = [&](bl::result<bl::hook_query> const& q, int target, attach_type attach) {
        REQUIRE(succeeded(q));
        CHECK(programs_of(*q) == std::vector<std::uint32_t>{30});
        CHECK_FALSE(q->entries[0].link);
        CHECK_FALSE(q->revision);
        CHECK(last_query.target == static_cast<std::uint32_t>(target));
        CHECK(last_query.attach_type == static_cast<unsigned>(attach));
        CHECK(last_query.prog_attach_flags == 0);
        CHECK(last_query.link_ids == 0);
        CHECK(last_query.link_attach_flags == 0);
        CHECK(last_query.revision == 0);
    };
    check(bl::query(bl::hook::cgroup{bl::fd_view{directory}, egress}), directory.get(), egress);
    check(bl::query(bl::hook::netns{bl::fd_view{name_space}, attach_type::sk_lookup}),
          name_space.get(), attach_type::sk_lookup);
    check(
        bl::query(bl::hook::sockmap{*bl::map_ref::from_fd(fd), attach_type::sk_skb_stream_parser}),
        fd.get(), attach_type::sk_skb_stream_parser);
    REQUIRE(succeeded(bl::query(bl::hook::cgroup{"/cgroup", attach_type::lsm_cgroup})));
    CHECK(last_query.prog_attach_flags != 0); // the kernel has those of this attach type only so
    CHECK(open_descriptors().size() == 3);    // the path's is closed
}

TEST_CASE_FIXTURE(machine, "a hook with more programs than expected is asked again") {
    put_on(*this, 200);
    auto const q = bl::query(ingress);
    REQUIRE(succeeded(q));
    REQUIRE(q->entries.size() == 200);
    CHECK(q->entries.back().program == bl::program_id{200});
    CHECK(q->entries.back().link == bl::link_id{1'200});
    CHECK(system_calls() == 2);
}

TEST_CASE_FIXTURE(machine, "a hook that grows or shrinks in between is told as it is at the end") {
    put_on(*this, 100);
    SUBCASE("grows") {
        before(call::prog_query, [&] { put_on(*this, 150); }, 2);
        auto const q = bl::query(ingress);
        REQUIRE(succeeded(q));
        CHECK(q->entries.size() == 150);
        CHECK(system_calls() == 3);
    }
    SUBCASE("shrinks") {
        before(
            call::prog_query,
            [&] {
                put_on(*this, 2);
                hook_revision = 9;
            },
            2);
        auto const q = bl::query(ingress);
        REQUIRE(succeeded(q));
        CHECK(programs_of(*q) == std::vector<std::uint32_t>{1, 2});
        CHECK(q->revision == bl::revision{9});
    }
    SUBCASE("empties") {
        before(call::prog_query, [&] { on_hook.clear(); }, 2);
        auto const q = bl::query(ingress);
        REQUIRE(succeeded(q));
        CHECK(q->entries.empty());
    }
}

TEST_CASE_FIXTURE(machine, "a hook that grows for ever ends the query") {
    put_on(*this, 65);
    fail_always(call::prog_query, ENOSPC);
    check_error(bl::query(ingress), ENOSPC, bl::operation::prog_query, no_condition,
                {"interface 2", "grew each time"});
    CHECK(calls(call::prog_query) < 100);
}

TEST_CASE_FIXTURE(machine, "a program that went while the kernel counted is left out") {
    on_hook = {{30, 3}, {0, 0}};
    auto const q = bl::query(ingress);
    REQUIRE(succeeded(q));
    CHECK(programs_of(*q) == std::vector<std::uint32_t>{30});
}

TEST_CASE_FIXTURE(machine, "the attach type has to be the hook's, before the kernel is asked") {
    auto const fd = open(add_map());
    auto const check = [&](bl::result<bl::hook_query> const& q, std::string_view word) {
        check_error(q, EINVAL, bl::operation::prog_query, bl::errc::invalid_argument,
                    {"attach type xdp", word});
    };
    check(bl::query(bl::hook::tcx{.ifindex = bl::ifindex{2}, .attach = attach_type::xdp}),
          "is not of tcx");
    check(bl::query(bl::hook::netkit{.ifindex = bl::ifindex{2}, .attach = attach_type::xdp}),
          "is not of netkit");
    check(bl::query(bl::hook::cgroup{"/cgroup", attach_type::xdp}), "is not of cgroup");
    check(bl::query(bl::hook::netns{bl::fd_view{9}, attach_type::xdp}), "is not of netns");
    forget_calls();
    auto const map = bl::map_ref::from_fd(fd);
    check(bl::query(bl::hook::sockmap{*map, attach_type::xdp}), "is not of sockmap");
    CHECK(calls(call::prog_query) == 0);
}

TEST_CASE_FIXTURE(machine, "a refused query says what is in the way") {
    auto& of_sockets = add_map();
    of_sockets.type = 18;
    auto const fd = open(of_sockets);
    auto const map = *bl::map_ref::from_fd(fd);
    auto const check = [&](int number, auto const& where, bl::errc condition,
                           std::initializer_list<std::string_view> texts) {
        CAPTURE(number);
        fail(call::prog_query, number);
        check_error(bl::query(where), number, bl::operation::prog_query, condition, texts);
        CHECK(open_descriptors().size() == 1);
    };
    constexpr auto wrong = bl::errc::invalid_argument;
    constexpr auto missing = bl::errc::not_found;
    constexpr auto lacks = bl::errc::not_supported;
    check(ENOMEM, ingress, no_condition, {"interface 2, tcx_ingress"});
    bl::hook::netkit const kit{.ifindex = bl::ifindex{2}, .attach = attach_type::netkit_primary};
    check(ENXIO, kit, missing, {"not a netkit device"});
    fail(call::prog_query, ENODEV, 2);
    check(EACCES, kit, wrong, {"peer"});
    bl::hook::cgroup const group{"/cgroup", egress};
    check(EBADF, group, wrong, {"not a version 2 cgroup"});
    check(EINVAL, group, lacks, {"cgroup_inet_egress", "does not have the attach type"});
    bl::hook::netns const name_space{bl::fd_view{fd}, attach_type::flow_dissector};
    check(EINVAL, name_space, wrong, {"not a network namespace's"});
    bl::hook::sockmap const sockets{map, attach_type::sk_skb_stream_parser};
    check(EINVAL, sockets, lacks, {"does not tell"});
    check(EOPNOTSUPP, sockets, lacks, {"stream parsers"});
    check(EBUSY, sockets, bl::errc::hook_busy, {"the other kind of verdict"});
    of_sockets.type = 1;
    check(EINVAL, sockets, wrong, {"neither a sockmap"});
    check(EOPNOTSUPP, sockets, wrong, {"neither a sockmap"});
    lacks_capabilities = {12, 21};
    check(EPERM, ingress, bl::errc::permission_denied, {"CAP_NET_ADMIN"});
    interfaces.erase(2);
    check(ENODEV, ingress, missing, {"no such interface"});
    check_error(bl::query(bl::hook::cgroup{"/nothing", egress}), ENOENT, bl::operation::open,
                missing, {"cgroup /nothing"});
}

TEST_CASE_FIXTURE(machine, "with_revision decides again while the hook changes") {
    typed_program<bl::program_type::sched_cls> const prog{
        {open(add_program(bl::program_type::sched_cls))}};
    hook_revision = 5;
    std::vector<std::uint64_t> seen;
    fail(call::link_create, ESTALE);
    auto const link = bl::with_revision(ingress, [&](bl::hook_query const& now) {
        seen.push_back(now.revision->value());
        ++hook_revision;
        auto where = ingress;
        where.expected_revision = now.revision;
        return bl::attach(prog, where);
    });
    REQUIRE(succeeded(link));
    CHECK(seen == std::vector<std::uint64_t>{5, 6});
    CHECK(last_create.order.expected_revision == 6);
}

TEST_CASE_FIXTURE(machine,
                  "with_revision gives up on other errors at once, on this one in the end") {
    int times = 0;
    auto const other = bl::with_revision(ingress, [&](bl::hook_query const&) -> bl::result<void> {
        ++times;
        return tl::unexpected{bl::error{EEXIST, bl::operation::link_create}};
    });
    REQUIRE_FALSE(other);
    CHECK(other.error() == bl::errc::already_exists);
    CHECK(times == 1);
    times = 0;
    auto const stale = bl::with_revision(ingress, [&](bl::hook_query const&) -> bl::result<int> {
        ++times;
        return tl::unexpected{bl::error{ESTALE, bl::operation::link_create}};
    });
    REQUIRE_FALSE(stale);
    CHECK(stale.error() == bl::errc::stale_revision);
    CHECK(times == 64);
    fail(call::prog_query, EPERM);
    times = 0;
    auto const unasked = bl::with_revision(
        ingress, [&](bl::hook_query const&) -> bl::result<int> { return ++times; });
    REQUIRE_FALSE(unasked);
    CHECK(unasked.error() == bl::errc::permission_denied);
    CHECK(times == 0);
}

// E10
TEST_CASE_FIXTURE(machine, "a query without attach asks about nothing") {
    auto const directory = open_cgroup();
    auto const map = open(add_map());
    auto const refused = [](bl::result<bl::hook_query> const& q) {
        check_error(q, EINVAL, bl::operation::prog_query, bl::errc::invalid_argument,
                    {"name the attach type"});
    };
    forget_calls();
    refused(bl::query(bl::hook::tcx{.ifindex = bl::ifindex{2}}));
    refused(bl::query(bl::hook::netkit{.ifindex = bl::ifindex{2}}));
    refused(bl::query(bl::hook::cgroup{.cgroup = bl::fd_view{directory}}));
    refused(bl::query(bl::hook::netns{.netns = bl::fd_view{directory}}));
    CHECK(system_calls() == 0);
    refused(bl::query(bl::hook::sockmap{.map = *bl::map_ref::from_fd(map)}));
    CHECK(calls(call::prog_query) == 0);
}
