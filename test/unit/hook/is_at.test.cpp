// SPDX-License-Identifier: Apache-2.0
// Which links are at a place, which are not, and what nothing tells.
#include "../symbol/noted_elf.hpp"
#include "every_place.hpp"
#include "prober.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using bl::attach_type;
using bl::link_type;
using bl::match;
using bl::program_type;

constexpr std::uint32_t other_netns = fake::home_netns + 7;
constexpr bl::hook::xdp eth0{.ifindex = bl::ifindex{2}};
constexpr bl::hook::tcx eth0_ingress{.ifindex = bl::ifindex{2}, .attach = attach_type::tcx_ingress};

/// A machine with links to be looked for.
struct places : machine {
    bl::link made(fake::link_facts facts) {
        if (!facts.prog && facts.type != link_type::struct_ops)
            facts.prog = &add_program(program_type::xdp);
        auto& there = add_link(std::move(facts));
        newest = &there;
        return *bl::link::from_fd(open(there));
    }
    fake::link* newest = nullptr;

    template <class H, class L>
    match where(H const& hook, L const& l) {
        auto const told = bl::is_at(hook, l);
        REQUIRE(succeeded(told));
        return *told;
    }
    template <class P, class H, class L>
    match where(P const& prog, H const& hook, L const& l) {
        auto const told = bl::is_at(prog, hook, l);
        REQUIRE(succeeded(told));
        return *told;
    }
    template <program_type Type>
    typed_program<Type> loaded(attach_type expected = {}, std::uint32_t function = 0,
                               std::uint32_t types = fake::kernel_types) {
        auto& made = add_program(Type, expected);
        made.function = function;
        made.types = types;
        last = &made;
        return {{open(made)}};
    }
    fake::program* last = nullptr;
};

static_assert(bl::has_place<bl::hook::xdp> && bl::has_place<bl::hook::struct_ops>);
static_assert(!bl::has_place<bl::hook::perf_event> && !bl::has_place<bl::hook::raw>);

} // namespace

TEST_CASE_FIXTURE(places, "a link of xdp is at its interface in this namespace alone") {
    auto const here = made({.type = link_type::xdp, .target = 2});
    CHECK(where(eth0, here) == match::yes);
    CHECK(where(bl::hook::xdp{.ifindex = bl::ifindex{3}}, here) == match::no);
    CHECK(where(bl::hook::xdp{.ifindex = bl::ifindex{2}, .mode = bl::xdp_mode::generic}, here) ==
          match::yes);
    CHECK(where(eth0_ingress, here) == match::no); // another kind
    auto const there = made({.type = link_type::xdp, .target = 2, .netns = other_netns});
    CHECK(where(eth0, there) == match::no);
    auto const gone = made({.type = link_type::xdp, .target = 2});
    newest->defunct = true;
    CHECK(where(eth0, gone) == match::no);
}

TEST_CASE_FIXTURE(places, "a typed link is looked for as any other") {
    auto const typed = made({.type = link_type::xdp, .target = 2}).as<bl::xdp_link>();
    REQUIRE(succeeded(typed));
    CHECK(where(eth0, *typed) == match::yes);
    CHECK(where(eth0_ingress, *typed) == match::no);
    auto const prog = loaded<program_type::xdp>();
    CHECK(where(prog, eth0, *typed) == match::yes);
}

TEST_CASE_FIXTURE(places, "a link at another place costs no more than its info") {
    auto const on_device = made({.type = link_type::xdp, .target = 2});
    forget_calls();
    CHECK(where(bl::hook::xdp{.ifindex = bl::ifindex{3}}, on_device) == match::no);
    CHECK(system_calls() == 1);
}

TEST_CASE_FIXTURE(every_place, "is_at costs at each hook what docs/places.md says") {
    std::map<std::string_view, int> costs;
    visit_all([&](std::string_view name, auto const& prog, auto const& where, fake::link& there) {
        auto const l = *bl::link::from_fd(open(there));
        static_cast<void>(bl::is_at(prog, where, l)); // loads the library's own program
        forget_calls();
        auto const told = bl::is_at(prog, where, l);
        costs[name] = cost();
        CAPTURE(name);
        REQUIRE(succeeded(told));
        CHECK(*told == match::yes);
    });
    CHECK(costs == std::map<std::string_view, int>{{"xdp", 4},           {"tcx", 4},
                                                   {"netkit", 4},        {"cgroup", 5},
                                                   {"netns", 3},         {"sockmap", 2},
                                                   {"netfilter", 4},     {"struct_ops", 2},
                                                   {"iter", 3},          {"tracing", 3},
                                                   {"lsm", 3},           {"freplace", 10},
                                                   {"tp_btf", 3},        {"raw_tracepoint", 3},
                                                   {"tracepoint", 5},    {"kprobe", 2},
                                                   {"kprobe_multi", 6},  {"uprobe", 12},
                                                   {"uprobe_multi", 12}, {"usdt", 19},
                                                   {"tracing_multi", 2}});
}

TEST_CASE_FIXTURE(places, "a link of tcx is at its interface and direction") {
    auto const here =
        made({.type = link_type::tcx, .attach = attach_type::tcx_ingress, .target = 2});
    CHECK(where(eth0_ingress, here) == match::yes);
    CHECK(where(bl::hook::tcx{.ifindex = bl::ifindex{2}, .attach = attach_type::tcx_egress},
                here) == match::no);
    CHECK(where(bl::hook::tcx{.ifindex = bl::ifindex{3}, .attach = attach_type::tcx_ingress},
                here) == match::no);
    CHECK(where(bl::hook::tcx{.ifindex = bl::ifindex{2}}, here) == match::unknown);
    CHECK(where(bl::hook::tcx{.ifindex = bl::ifindex{3}}, here) == match::no);
    auto const there = made({.type = link_type::tcx,
                             .attach = attach_type::tcx_ingress,
                             .target = 2,
                             .netns = other_netns});
    CHECK(where(eth0_ingress, there) == match::no);
    CHECK(where(bl::hook::tcx{.ifindex = bl::ifindex{2}}, there) == match::no);
}

TEST_CASE_FIXTURE(places, "an attach type that the hook does not name is the program's") {
    auto const here =
        made({.type = link_type::tcx, .attach = attach_type::tcx_ingress, .target = 2});
    expecting_program<program_type::sched_cls> prog{
        loaded<program_type::sched_cls>(attach_type::tcx_ingress), attach_type::tcx_ingress};
    bl::hook::tcx const unnamed{.ifindex = bl::ifindex{2}};
    CHECK(where(prog, unnamed, here) == match::yes);
    prog.expected = attach_type::tcx_egress;
    CHECK(where(prog, unnamed, here) == match::no);
    CHECK(where(loaded<program_type::sched_cls>(), unnamed, here) == match::unknown);
}

// E4
TEST_CASE_FIXTURE(places,
                  "a query proves tcx and netkit where the library's program may not load") {
    auto const here =
        made({.type = link_type::tcx, .attach = attach_type::tcx_ingress, .target = 2});
    auto const id = here.info()->id.value();
    auto const peer =
        made({.type = link_type::netkit, .attach = attach_type::netkit_peer, .target = 2});
    fail_always(call::load_object, EPERM);
    on_hook = {{7, 0}, {8, id}};
    CHECK(where(eth0_ingress, here) == match::yes);
    on_hook = {{7, 0}};
    CHECK(where(eth0_ingress, here) == match::no);
    bl::hook::netkit const at_peer{.ifindex = bl::ifindex{2}, .attach = attach_type::netkit_peer};
    CHECK(where(at_peer, peer) == match::no);
    on_hook = {{7, peer.info()->id.value()}};
    CHECK(where(at_peer, peer) == match::yes);
    fail(call::prog_query, EPERM);
    CHECK(where(eth0_ingress, here) == match::unknown);
    fail(call::prog_query, ENODEV);
    CHECK(where(eth0_ingress, here) == match::no);
}

// E4
TEST_CASE_FIXTURE(places, "without the library's program a link of xdp is proven absent alone") {
    fail_always(call::load_object, EPERM);
    auto const there = made({.type = link_type::xdp, .target = 2, .netns = other_netns});
    CHECK(where(eth0, there) == match::no); // nothing is on eth0
    interface_facts[2].without_link.generic = 7;
    CHECK(where(eth0, there) == match::unknown);
}

TEST_CASE_FIXTURE(places, "what cannot be asked just now is an error, and not unknown") {
    auto const here = made({.type = link_type::xdp, .target = 2});
    for (int const number : {EMFILE, ENOMEM}) {
        fail(call::prog_test_run, number);
        auto const told = bl::is_at(eth0, here);
        REQUIRE_FALSE(told);
        CHECK(told.error().code().value() == number);
    }
    fail(call::obj_get_info, EACCES);
    CHECK_FALSE(bl::is_at(eth0, here));
}

TEST_CASE_FIXTURE(places, "a link of netfilter is at family, hook, priority and namespace") {
    auto const here =
        made({.type = link_type::netfilter, .netfilter = {2, 1, static_cast<unsigned>(-5), 0}});
    bl::hook::netfilter const in{.protocol_family = bl::protocol_family::ipv4,
                                 .hook = bl::netfilter_hook::local_in,
                                 .priority = -5,
                                 .defragment = true};
    CHECK(where(in, here) == match::yes);
    for (auto other : {bl::hook::netfilter{bl::protocol_family::ipv6, in.hook, in.priority},
                       bl::hook::netfilter{in.protocol_family, bl::netfilter_hook::forward, -5},
                       bl::hook::netfilter{in.protocol_family, in.hook, 5}})
        CHECK(where(other, here) == match::no);
    auto const there = made({.type = link_type::netfilter,
                             .netns = other_netns,
                             .netfilter = {2, 1, static_cast<unsigned>(-5), 0}});
    CHECK(where(in, there) == match::no);
    newest->defunct = true;
    CHECK(where(in, there) == match::no);
    bl::netns_program().unload();
    fail_always(call::load_object, EPERM);
    CHECK(where(in, here) == match::unknown);
}

TEST_CASE_FIXTURE(places, "a link of a cgroup is at its directory, by path or descriptor") {
    for (auto const* const path : {"/cgroup/web", "/cgroup/db"})
        make_cgroup(path);
    cgroups = {{"/cgroup/web", 55}, {"/cgroup/db", 56}};
    auto const here =
        made({.type = link_type::cgroup, .attach = attach_type::cgroup_device, .cgroup_id = 55});
    auto const at = [](std::variant<std::string_view, bl::fd_view> cgroup) {
        return bl::hook::cgroup{.cgroup = cgroup, .attach = attach_type::cgroup_device};
    };
    CHECK(where(at("/cgroup/web"), here) == match::yes);
    CHECK(where(at("/cgroup/db"), here) == match::no);
    CHECK(where(at("/cgroup/removed"), here) == match::no);
    CHECK(where(bl::hook::cgroup{.cgroup = "/cgroup/web", .attach = attach_type::cgroup_sysctl},
                here) == match::no);
    CHECK(where(bl::hook::cgroup{.cgroup = "/cgroup/web"}, here) == match::unknown);
    CHECK(where(loaded<program_type::cgroup_device>(), bl::hook::cgroup{.cgroup = "/cgroup/web"},
                here) == match::yes); // the only type of its programs
    check_error(bl::is_at(at(bl::fd_view{4'000}), here), EBADF, bl::operation::resolve_cgroup,
                bl::errc::invalid_argument, {"is not open"});
    auto const file = bl::is_at(at("/home"), here);
    REQUIRE_FALSE(file);
    CHECK(file.error() == bl::errc::invalid_argument);
    newest->defunct = true;
    CHECK(where(at("/cgroup/web"), here) == match::no);
}

TEST_CASE_FIXTURE(places, "a cgroup's link of an LSM hook is at the function of its program") {
    make_cgroup("/cgroup/web");
    cgroups = {{"/cgroup/web", 55}};
    bl::hook::cgroup const web{.cgroup = "/cgroup/web", .attach = attach_type::lsm_cgroup};
    auto const first = loaded<program_type::lsm>(attach_type::lsm_cgroup, 11);
    auto const here = made({.type = link_type::cgroup,
                            .prog = last,
                            .attach = attach_type::lsm_cgroup,
                            .cgroup_id = 55});
    CHECK(where(web, here) == match::unknown);
    CHECK(where(first, web, here) == match::yes);
    CHECK(where(loaded<program_type::lsm>(attach_type::lsm_cgroup, 11), web, here) == match::yes);
    CHECK(where(loaded<program_type::lsm>(attach_type::lsm_cgroup, 12), web, here) == match::no);
}

TEST_CASE_FIXTURE(places, "a link of a network namespace is at that") {
    files = {{"/run/netns/a", ""}, {"/run/netns/b", ""}, {"/run/other", ""}};
    network_namespaces = {{"/run/netns/a", 4'026'531'900}, {"/run/netns/b", 4'026'531'901}};
    auto const a = open_file("/run/netns/a");
    auto const b = open_file("/run/netns/b");
    auto const other = open_file("/run/other");
    auto const here =
        made({.type = link_type::netns, .attach = attach_type::sk_lookup, .target = 4'026'531'900});
    auto const at = [](bl::fd_view fd) {
        return bl::hook::netns{.netns = fd, .attach = attach_type::sk_lookup};
    };
    CHECK(where(at(a), here) == match::yes);
    CHECK(where(at(b), here) == match::no);
    CHECK(where(bl::hook::netns{.netns = a, .attach = attach_type::flow_dissector}, here) ==
          match::no);
    CHECK(where(bl::hook::netns{.netns = a}, here) == match::unknown);
    for (auto const& [fd, number] :
         {std::pair{bl::fd_view{4'000}, EBADF}, std::pair{bl::fd_view{other}, EINVAL}}) {
        check_error(bl::is_at(at(fd), here), number, bl::operation::resolve_netns,
                    bl::errc::invalid_argument);
    }
    newest->defunct = true;
    CHECK(where(at(a), here) == match::no);
}

TEST_CASE_FIXTURE(places, "a link of a sockmap is at that map") {
    auto& first = add_map();
    auto const owned = open(first);
    auto const map = *bl::map_ref::from_fd(owned);
    auto const other_owned = open(add_map());
    auto const other = *bl::map_ref::from_fd(other_owned);
    auto const here = made(
        {.type = link_type::sockmap, .attach = attach_type::sk_msg_verdict, .target = first.id});
    CHECK(where(bl::hook::sockmap{map, attach_type::sk_msg_verdict}, here) == match::yes);
    CHECK(where(bl::hook::sockmap{other, attach_type::sk_msg_verdict}, here) == match::no);
    CHECK(where(bl::hook::sockmap{map, attach_type::sk_skb_verdict}, here) == match::no);
    CHECK(where(bl::hook::sockmap{.map = map}, here) == match::unknown);
    CHECK(where(loaded<program_type::sk_msg>(), bl::hook::sockmap{.map = map}, here) == match::yes);
    fail(call::obj_get_info, EBADF, 2);
    auto const closed = bl::is_at(bl::hook::sockmap{map, attach_type::sk_msg_verdict}, here);
    REQUIRE_FALSE(closed);
    CHECK(closed.error().where() == bl::operation::map_get_info);
    newest->defunct = true;
    CHECK(where(bl::hook::sockmap{map, attach_type::sk_msg_verdict}, here) == match::no);
}

TEST_CASE_FIXTURE(places, "a link of a table is at the struct that the table is for") {
    auto& first = add_map();
    auto& second = add_map();
    auto& another = add_map();
    first.value_type = second.value_type = 70;
    another.value_type = 71;
    auto const here = made({.type = link_type::struct_ops, .target = first.id});
    bl::hook::struct_ops const hook;
    auto const told = [&](fake::map& m) {
        auto const owned = open(m);
        return bl::is_at(*bl::map_ref::from_fd(owned), hook, here);
    };
    CHECK(where(hook, here) == match::unknown);
    CHECK(*told(first) == match::yes);
    CHECK(*told(second) == match::yes);
    CHECK(*told(another) == match::no);
    fail(call::map_get_fd_by_id, EPERM);
    CHECK(*told(second) == match::unknown);
    fail(call::map_get_fd_by_id, EMFILE);
    CHECK_FALSE(told(second));
    newest->defunct = true;
    CHECK(*told(first) == match::no);
}

TEST_CASE_FIXTURE(places, "a link of tracing is at the function that the program was loaded for") {
    bl::hook::tracing const hook;
    auto const first = loaded<program_type::tracing>(attach_type::trace_fentry, 21);
    auto const here = made({.type = link_type::tracing,
                            .prog = last,
                            .attach = attach_type::trace_fentry,
                            .object = fake::kernel_types,
                            .btf = 21});
    CHECK(where(hook, here) == match::unknown);
    CHECK(where(bl::hook::lsm{}, here) == match::no);
    CHECK(where(first, hook, here) == match::yes);
    auto const another = [&](attach_type expected, std::uint32_t function, std::uint32_t types) {
        return expecting_program<program_type::tracing>{
            loaded<program_type::tracing>(expected, function, types), expected};
    };
    constexpr auto fentry = attach_type::trace_fentry;
    CHECK(where(another(fentry, 21, fake::kernel_types), hook, here) == match::yes);
    CHECK(where(another(fentry, 22, fake::kernel_types), hook, here) == match::no);
    CHECK(where(another(fentry, 21, fake::program_types), hook, here) == match::no);
    CHECK(where(another(fentry, 21, 0), hook, here) == match::unknown);
    CHECK(where(another(attach_type::trace_fexit, 21, fake::kernel_types), hook, here) ==
          match::no);
    CHECK(where(loaded<program_type::tracing>(fentry, 21), hook, here) == match::unknown);
    tells_functions = false;
    CHECK(where(first, hook, here) == match::yes);
    CHECK(where(another(fentry, 21, fake::kernel_types), hook, here) == match::unknown);
}

TEST_CASE_FIXTURE(places, "a link on a function of a program is compared by the program it runs") {
    bl::hook::tracing const hook;
    constexpr auto fexit = attach_type::trace_fexit;
    auto const running = loaded<program_type::tracing>(fexit, 5, fake::program_types);
    auto const here = made(
        {.type = link_type::tracing, .prog = last, .attach = fexit, .object = 1'234, .btf = 5});
    expecting_program<program_type::tracing> const next{
        loaded<program_type::tracing>(fexit, 5, fake::program_types), fexit};
    CHECK(where(next, hook, here) == match::yes);
    fail(call::prog_get_fd_by_id, EPERM);
    CHECK(where(next, hook, here) == match::unknown);
    fail(call::prog_get_fd_by_id, EMFILE);
    CHECK_FALSE(bl::is_at(next, hook, here));
}

TEST_CASE_FIXTURE(places, "a link of an LSM hook needs no attach type to be known") {
    auto const first = loaded<program_type::lsm>(attach_type::lsm_mac, 31);
    auto const here = made({.type = link_type::tracing,
                            .prog = last,
                            .attach = attach_type::lsm_mac,
                            .object = fake::kernel_types,
                            .btf = 31});
    bl::hook::lsm const hook;
    CHECK(where(hook, here) == match::unknown);
    CHECK(where(loaded<program_type::lsm>(attach_type::lsm_mac, 31), hook, here) == match::yes);
    CHECK(where(loaded<program_type::lsm>(attach_type::lsm_mac, 32), hook, here) == match::no);
}

TEST_CASE_FIXTURE(places, "a link of freplace is at the function of the program that is named") {
    auto& target = add_program(program_type::xdp);
    target.own_types = fake::program_types;
    auto const target_fd = open(target);
    auto const loaded_for_it = loaded<program_type::ext>({}, 41, fake::program_types);
    auto const here = made({.type = link_type::tracing, .object = target.id, .btf = 41});
    bl::hook::freplace const where_loaded;
    CHECK(where(where_loaded, here) == match::unknown);
    CHECK(where(loaded_for_it, where_loaded, here) == match::yes);
    CHECK(where(loaded<program_type::ext>({}, 42, fake::program_types), where_loaded, here) ==
          match::no);
    CHECK(where(loaded<program_type::ext>({}, 41, fake::kernel_types), where_loaded, here) ==
          match::no);
    // Once attached, it does not tell any more of which program the function was.
    CHECK(where(loaded<program_type::ext>({}, 41, 0), where_loaded, here) == match::unknown);
    auto const other_fd = open(add_program(program_type::xdp));
    CHECK(where(bl::hook::freplace{.target = other_fd, .function = "f"}, here) == match::no);
    auto const half = bl::is_at(bl::hook::freplace{.target = target_fd}, here);
    REQUIRE_FALSE(half);
    CHECK(half.error() == bl::errc::invalid_argument);
    reports_tracing_targets = false;
    CHECK(where(loaded_for_it, where_loaded, here) == match::unknown);
}

TEST_CASE_FIXTURE(places, "a raw tracepoint's link is told from that of tp_btf by its program") {
    bl::hook::raw_tracepoint const hook{.name = "sched_switch"};
    auto const made_by = [&](program_type type) {
        return made({.type = link_type::raw_tracepoint,
                     .prog = &add_program(type),
                     .name = "sched_switch"});
    };
    auto const here = made_by(program_type::raw_tracepoint);
    CHECK(where(hook, here) == match::yes);
    CHECK(where(bl::hook::raw_tracepoint{.name = "sys_enter"}, here) == match::no);
    CHECK(where(hook, made_by(program_type::tracing)) == match::no);
    auto const own = loaded<program_type::raw_tracepoint>();
    auto const by_own =
        made({.type = link_type::raw_tracepoint, .prog = last, .name = "sched_switch"});
    fail_always(call::prog_get_fd_by_id, EPERM);
    CHECK(where(hook, here) == match::unknown);
    CHECK(where(own, hook, here) == match::unknown);
    CHECK(where(own, hook, by_own) == match::yes); // it takes no look at the link's program
}

TEST_CASE_FIXTURE(places, "a link of tp_btf is at the tracepoint that the program was loaded for") {
    auto const first = loaded<program_type::tracing>(attach_type::trace_raw_tp, 51);
    auto const here =
        made({.type = link_type::raw_tracepoint, .prog = last, .name = "sched_switch"});
    bl::hook::tp_btf const hook;
    CHECK(where(hook, here) == match::unknown);
    CHECK(where(first, hook, here) == match::yes);
    auto const next = loaded<program_type::tracing>(attach_type::trace_raw_tp, 51);
    CHECK(where(next, hook, here) == match::yes);
    CHECK(where(loaded<program_type::tracing>(attach_type::trace_raw_tp, 52), hook, here) ==
          match::no);
    auto const raw = made({.type = link_type::raw_tracepoint,
                           .prog = &add_program(program_type::raw_tracepoint),
                           .name = "sched_switch"});
    CHECK(where(next, hook, raw) == match::no);
}

TEST_CASE_FIXTURE(places, "a link of tracing_multi has all functions and no other") {
    constexpr std::array ids{bl::btf_id{9}, bl::btf_id{7}};
    constexpr std::array other_ids{bl::btf_id{9}, bl::btf_id{8}};
    bl::hook::tracing_multi const hook{.functions = ids, .attach = attach_type::trace_fentry_multi};
    auto const here = made({.type = link_type::tracing_multi,
                            .attach = attach_type::trace_fentry_multi,
                            .object = 1,
                            .ids = {7, 9}});
    CHECK(where(hook, here) == match::yes);
    CHECK(where(bl::hook::tracing_multi{.functions = ids}, here) == match::unknown);
    CHECK(where(bl::hook::tracing_multi{.functions = other_ids}, here) == match::no);
    CHECK(where(bl::hook::tracing_multi{.functions = std::span{ids}.first(1)}, here) == match::no);
    CHECK(where(bl::hook::tracing_multi{.functions = ids, .attach = attach_type::trace_fexit_multi},
                here) == match::no);
    auto const prog = loaded<program_type::tracing>(attach_type::trace_fentry_multi, 0, 2);
    auto const in_module = made({.type = link_type::tracing_multi,
                                 .attach = attach_type::trace_fentry_multi,
                                 .object = 2,
                                 .ids = {7, 9}});
    CHECK(where(hook, in_module) == match::unknown);
    CHECK(where(prog, hook, in_module) == match::yes);
    CHECK(where(loaded<program_type::tracing>(attach_type::trace_fentry_multi), hook, in_module) ==
          match::no);
    reports_tracing_multi = false;
    CHECK(where(hook, here) == match::unknown);
}

TEST_CASE_FIXTURE(places, "a link of an iterator walks what is asked for, and so narrowed") {
    auto const first = loaded<program_type::tracing>(attach_type::trace_iter, 61);
    auto* const prog = last;
    auto const task = made({.type = link_type::iter, .prog = prog, .name = "task"});
    bl::hook::iter const all;
    CHECK(where(all, task) == match::unknown);
    CHECK(where(first, all, task) == match::yes);
    CHECK(where(loaded<program_type::tracing>(attach_type::trace_iter, 61), all, task) ==
          match::yes);
    CHECK(where(loaded<program_type::tracing>(attach_type::trace_iter, 62), all, task) ==
          match::no);
    CHECK(where(first, bl::hook::iter{.task = bl::iter_task{33U}}, task) == match::no);

    auto const one = made({.type = link_type::iter, .prog = prog, .name = "task", .pid = 33});
    CHECK(where(first, bl::hook::iter{.task = bl::iter_task{33U}}, one) == match::yes);
    CHECK(where(first, bl::hook::iter{.task = bl::iter_task{34U}}, one) == match::no);
    CHECK(where(first, bl::hook::iter{.task = bl::iter_task{33U, bl::iter_task::kind::thread}},
                one) == match::no);
    CHECK(where(first, bl::hook::iter{.task = bl::iter_task{bl::fd_view{5}}}, one) ==
          match::unknown);
    CHECK(where(first, all, one) == match::no);

    auto& map = add_map();
    auto const owned = open(map);
    auto const other_owned = open(add_map());
    auto const on_map =
        made({.type = link_type::iter, .prog = prog, .target = map.id, .name = "bpf_map_elem"});
    CHECK(where(first, bl::hook::iter{.map = *bl::map_ref::from_fd(owned)}, on_map) == match::yes);
    CHECK(where(first, bl::hook::iter{.map = *bl::map_ref::from_fd(other_owned)}, on_map) ==
          match::no);
    CHECK(where(first, all, on_map) == match::no);

    auto const on_cgroup = made(
        {.type = link_type::iter, .prog = prog, .cgroup_id = 55, .name = "cgroup", .order = 2});
    using cgroup = bl::iter_cgroup;
    CHECK(where(first, bl::hook::iter{.cgroup = cgroup{std::uint64_t{55}}}, on_cgroup) ==
          match::yes);
    CHECK(where(first, bl::hook::iter{.cgroup = cgroup{std::uint64_t{56}}}, on_cgroup) ==
          match::no);
    CHECK(
        where(first,
              bl::hook::iter{.cgroup = cgroup{std::uint64_t{55}, bl::cgroup_iter_order::self_only}},
              on_cgroup) == match::no);
}

namespace {

struct probed_places : places {
    probed_places() {
        files["/proc/kallsyms"] = "ffffffff81000010 T do_a\nffffffff81000020 t do_b\n"
                                  "ffffffff81000030 t do_twice\nffffffff81000040 t do_twice\n";
        files["/bin/x"] = kprobe_prober::padded("no ELF");
        files["/bin/y"] = kprobe_prober::padded("no ELF either");
        files["/sys/kernel/tracing/current_tracer"] = "nop\n";
        files["/sys/kernel/tracing/events/sched/sched_switch/id"] = "314\n";
    }
    bl::link kprobe(std::string name, std::uint64_t address, std::uint32_t offset = 0) {
        return made({.type = link_type::perf_event,
                     .name = std::move(name),
                     .event = fake::uapi::perf_event_type::kprobe,
                     .offset = offset,
                     .address = address});
    }
    bl::link uprobe(std::string path, std::uint32_t offset, std::uint32_t pid = 0) {
        return made({.type = link_type::perf_event,
                     .name = std::move(path),
                     .pid = pid,
                     .event = fake::uapi::perf_event_type::uprobe,
                     .offset = offset});
    }
};

} // namespace

TEST_CASE_FIXTURE(probed_places, "a tracepoint's link is at the event's group and name") {
    auto const here = made({.type = link_type::perf_event, .name = "sched_switch"});
    CHECK(where(bl::hook::tracepoint{"sched", "sched_switch"}, here) == match::yes);
    CHECK(where(bl::hook::tracepoint{"sched", "sched_waking"}, here) == match::no);
    CHECK(where(bl::hook::tracepoint{"other", "sched_switch"}, here) == match::no);
    files.clear();
    CHECK(where(bl::hook::tracepoint{"sched", "sched_switch"}, here) == match::unknown);
    reports_perf_events = false;
    CHECK(where(bl::hook::tracepoint{"sched", "sched_waking"}, here) == match::unknown);
}

TEST_CASE_FIXTURE(probed_places, "a kprobe's link is at function, offset and side") {
    auto const here = kprobe("do_a", 0xffff'ffff'8100'0010);
    CHECK(where(bl::hook::kprobe{.function = "do_a"}, here) == match::yes);
    CHECK(where(bl::hook::kprobe{.function = "do_a", .offset = 4}, here) == match::no);
    CHECK(where(bl::hook::kprobe{.function = "do_a", .retprobe = true}, here) == match::no);
    CHECK(where(bl::hook::kprobe{.function = "do_b"}, here) == match::no);
    CHECK(where(bl::hook::kprobe{.function = "gone"}, here) == match::no);
    CHECK(where(bl::hook::kprobe{.offset = 0xffff'ffff'8100'0010}, here) == match::yes);
    CHECK(where(bl::hook::kprobe{.offset = 0xffff'ffff'8100'0020}, here) == match::no);
    CHECK(where(bl::hook::kprobe{.offset = 0xffff'ffff'8100'000c}, here) == match::unknown);
    auto const by_address = kprobe("", 0xffff'ffff'8100'0010);
    CHECK(where(bl::hook::kprobe{.function = "do_a"}, by_address) == match::yes);
    CHECK(where(bl::hook::kprobe{.function = "do_b"}, by_address) == match::no);
    shows_addresses = false;
    CHECK(where(bl::hook::kprobe{.function = "do_a"}, by_address) == match::unknown);
    CHECK(where(bl::hook::kprobe{.function = "do_a"}, here) == match::yes);
    CHECK(where(bl::hook::kprobe{.function = "do_b"}, here) == match::unknown);
    reports_perf_events = false;
    CHECK(where(bl::hook::kprobe{.function = "do_a"}, here) == match::unknown);
}

TEST_CASE_FIXTURE(probed_places, "a link of kprobe_multi has all functions and no other") {
    constexpr std::array<std::string_view, 2> both{"do_a", "do_b"};
    constexpr std::array<std::string_view, 2> other_names{"do_a", "do_twice"};
    constexpr std::array<std::uint64_t, 2> addresses{0xffff'ffff'8100'0020, 0xffff'ffff'8100'0010};
    auto const here = made({.type = link_type::kprobe_multi,
                            .addresses = {0xffff'ffff'8100'0010, 0xffff'ffff'8100'0020}});
    using hook = bl::hook::kprobe_multi;
    CHECK(where(hook{.symbols = both}, here) == match::yes);
    CHECK(where(hook{.symbols = both, .retprobe = true}, here) == match::no);
    CHECK(where(hook{.symbols = other_names}, here) == match::no);
    CHECK(where(hook{.symbols = std::span{both}.first(1)}, here) == match::no);
    CHECK(where(hook{.addresses = addresses}, here) == match::yes);
    CHECK(where(hook{.addresses = std::span{addresses}.first(1)}, here) == match::no);
    shows_addresses = false;
    CHECK(where(hook{.symbols = both}, here) == match::unknown);
    shows_addresses = true;
    files.erase("/proc/kallsyms");
    CHECK(where(hook{.symbols = both}, here) == match::unknown);
    fail(call::open_file, EMFILE);
    CHECK_FALSE(bl::is_at(hook{.symbols = both}, here));
    reports_perf_events = false;
    CHECK(where(hook{.addresses = addresses}, here) == match::unknown);
}

TEST_CASE_FIXTURE(probed_places, "a uprobe's link is at the file, offset and process") {
    auto const here = uprobe("/bin/x", 0x10);
    using hook = bl::hook::uprobe;
    CHECK(where(hook{.binary = "/bin/x", .offset = 0x10}, here) == match::yes);
    symlinks["/bin/also_x"] = "x";
    CHECK(where(hook{.binary = "/bin/also_x", .offset = 0x10}, here) == match::yes);
    CHECK(where(hook{.binary = "/bin/x", .offset = 0x20}, here) == match::no);
    CHECK(where(hook{.binary = "/bin/y", .offset = 0x10}, here) == match::no);
    CHECK(where(hook{.binary = "/bin/gone", .offset = 0x10}, here) == match::no);
    CHECK(where(hook{.binary = "/bin/x", .offset = 0x10, .retprobe = true}, here) == match::no);
    CHECK(where(hook{.binary = "/bin/x", .offset = 0x10, .pid = 33}, here) == match::no);
    auto const of_one = uprobe("/bin/x", 0x10, 33);
    CHECK(where(hook{.binary = "/bin/x", .offset = 0x10}, of_one) == match::no);
    CHECK(where(hook{.binary = "/bin/x", .offset = 0x10, .pid = 33}, of_one) == match::yes);
    CHECK(where(hook{.binary = "/bin/x", .offset = 0x10, .pid = 41}, of_one) == match::no);
    processes.erase(std::ranges::find(processes, 33));
    CHECK(where(hook{.binary = "/bin/x", .offset = 0x10, .pid = 33}, of_one) == match::no);
    CHECK(where(hook{.binary = "/bin/x", .offset = 0x10}, of_one) == match::no);
    bl::netns_program().unload();
    fail_always(call::load_object, EPERM);
    CHECK(where(hook{.binary = "/bin/x", .offset = 0x10}, here) == match::unknown);
    CHECK(where(hook{.binary = "/bin/y", .offset = 0x10}, here) == match::no);
}

TEST_CASE_FIXTURE(probed_places,
                  "a probe is in the file that it was put into, whatever has its path now") {
    using hook = bl::hook::uprobe;
    bl::sys::file_facts x{}, y{};
    auto const opened_x = open_file("/bin/x"), opened_y = open_file("/bin/y");
    REQUIRE(bl::sys::look_at(opened_x.get(), x) == 0);
    REQUIRE(bl::sys::look_at(opened_y.get(), y) == 0);
    auto const in = [&](char const* path, std::uint64_t inode) {
        return made({.type = link_type::perf_event,
                     .name = path,
                     .event = bl::uapi::perf_event_type::uprobe,
                     .offset = 0x10,
                     .inode = inode});
    };
    hook const at_x{.binary = "/bin/x", .offset = 0x10};
    CHECK(where(at_x, in("/bin/x", x.inode)) == match::yes);
    CHECK(where(at_x, in("/bin/x", y.inode)) == match::no); // replaced, as an upgrade does
    CHECK(where(at_x, in("/bin/moved", x.inode)) == match::yes);
    constexpr std::array<std::uint64_t, 1> offset{0x10};
    auto const many = made({.type = link_type::uprobe_multi,
                            .name = "/bin/x (deleted)",
                            .inode = x.inode,
                            .addresses = {0x10}});
    CHECK(where(bl::hook::uprobe_multi{.binary = bl::fd_view{opened_x}, .offsets = offset}, many) ==
          match::yes);
    CHECK(where(bl::hook::uprobe_multi{.binary = bl::fd_view{opened_y}, .offsets = offset}, many) ==
          match::no);
    fail(call::prog_test_run, ENOMEM);
    CHECK_FALSE(bl::is_at(at_x, in("/bin/x", x.inode)));
}

TEST_CASE_FIXTURE(probed_places, "a link's path that leads nowhere is not another file's") {
    using hook = bl::hook::uprobe;
    hook const there{.binary = "/bin/x", .offset = 0x10};
    tells_probed_files = false;
    CHECK(where(there, uprobe("/proc/41/root/bin/x", 0x10)) == match::unknown); // it has ended
    CHECK(where(there, uprobe("x", 0x10)) == match::unknown); // from another's directory
    CHECK(where(there, uprobe("/bin/moved", 0x20)) == match::no);
    CHECK(where(there, uprobe("/bin/x (deleted)", 0x10)) == match::no);
    fail(call::look_up, EACCES, 2);
    CHECK(where(there, uprobe("/bin/y", 0x10)) == match::unknown);
    fail(call::look_up, EMFILE, 2);
    auto const l = uprobe("/bin/y", 0x10);
    CHECK_FALSE(bl::is_at(there, l));
    // The kernel's name of a file that is hidden here, or deleted, leads to another one, or
    // nowhere.
    constexpr std::array<std::uint64_t, 1> offset{0x10};
    auto const mine = open_file("/bin/x");
    for (auto const* const name : {"/bin/y", "/bin/x (deleted)"}) {
        names_in_namespace = {{"/bin/x", name}};
        auto const its = made({.type = link_type::uprobe_multi, .name = name, .addresses = {0x10}});
        CHECK(where(bl::hook::uprobe_multi{.binary = bl::fd_view{mine}, .offsets = offset}, its) ==
              match::unknown);
    }
}

TEST_CASE_FIXTURE(probed_places, "a link of uprobe_multi has all offsets and no other") {
    constexpr std::array<std::uint64_t, 2> both{0x20, 0x10};
    constexpr std::array<std::uint64_t, 2> other_offsets{0x20, 0x30};
    auto const made_for = [&](std::uint32_t pid) {
        return made({.type = link_type::uprobe_multi,
                     .name = "/bin/x",
                     .pid = pid,
                     .addresses = {0x10, 0x20}});
    };
    auto const here = made_for(0);
    using hook = bl::hook::uprobe_multi;
    CHECK(where(hook{.binary = "/bin/x", .offsets = both}, here) == match::yes);
    auto const file = open_file("/bin/x");
    CHECK(where(hook{.binary = bl::fd_view{file}, .offsets = both}, here) == match::yes);
    CHECK(where(hook{.binary = "/bin/x", .offsets = other_offsets}, here) == match::no);
    CHECK(where(hook{.binary = "/bin/x", .offsets = std::span{both}.first(1)}, here) == match::no);
    CHECK(where(hook{.binary = "/bin/y", .offsets = both}, here) == match::no);
    CHECK(where(hook{.binary = "/bin/x", .offsets = both, .retprobe = true}, here) == match::no);
    CHECK(where(hook{.binary = "/bin/x", .offsets = both, .pid = 0}, here) == match::no);
    auto const of_me = made_for(static_cast<std::uint32_t>(process_id));
    processes.push_back(process_id);
    CHECK(where(hook{.binary = "/bin/x", .offsets = both, .pid = 0}, of_me) == match::yes);
    CHECK(where(hook{.binary = "/bin/x", .offsets = both}, of_me) == match::no);
    reports_uprobe_multi = false;
    CHECK(where(hook{.binary = "/bin/x", .offsets = both}, here) == match::unknown);
}

TEST_CASE_FIXTURE(probed_places, "a link of usdt has all places of its probe and no other") {
    files["/lib.so"] = noted_elf(note_of({.address = 0x401020}) + note_of({.name = "stop"}) +
                                 note_of({.address = 0x401010}));
    auto const made_at = [&](std::vector<std::uint64_t> offsets, std::uint32_t flags = 0) {
        return made({.type = link_type::uprobe_multi,
                     .name = "/lib.so",
                     .flags = flags,
                     .addresses = std::move(offsets)});
    };
    using hook = bl::hook::usdt;
    hook const start{.binary = "/lib.so", .provider = "app", .name = "start"};
    auto const here = made_at({0x1010, 0x1020});
    CHECK(where(start, here) == match::yes);
    CHECK(where(start, made_at({0x1010})) == match::no);
    CHECK(where(start, made_at({0x1010, 0x1020}, 1)) == match::no); // of returns
    CHECK(where(hook{.binary = "/lib.so", .provider = "app", .name = "stop"}, here) == match::no);
    CHECK(where(hook{.binary = "/lib.so", .provider = "app", .name = "none"}, here) == match::no);
    CHECK(where(hook{.binary = "/none", .provider = "app", .name = "start"}, here) == match::no);
    files["/copy.so"] = files["/lib.so"];
    CHECK(where(hook{.binary = "/copy.so", .provider = "app", .name = "start"}, here) == match::no);
    auto of_me = start;
    of_me.pid = 0;
    CHECK(where(of_me, here) == match::no);
    reports_uprobe_multi = false;
    CHECK(where(start, here) == match::unknown);
}

namespace {

/// What fails makes an answer an error or unknown, and never another one.
struct failing_places : probed_places {
    template <class H, class L>
    void stays(match truth, H const& hook, L const& l) {
        for (int const number : {EMFILE, ENOMEM, EPERM, EACCES, EINVAL, ENOSYS})
            for (int nth = 1;; ++nth) {
                bl::netns_program().unload();
                fail_any(number, nth);
                auto const told = bl::is_at(hook, l);
                bool const has_come = has_failed();
                mend();
                if (!has_come) break;
                CAPTURE(number);
                CAPTURE(nth);
                if (told) CHECK((*told == truth || *told == match::unknown));
            }
    }
};

} // namespace

TEST_CASE_FIXTURE(failing_places, "a call that fails never turns yes into no, nor no into yes") {
    auto const device = made({.type = link_type::xdp, .target = 2});
    auto const elsewhere = made({.type = link_type::xdp, .target = 2, .netns = other_netns});
    interface_facts[2].without_link.generic = 7; // otherwise a query proves that nothing is there
    stays(match::yes, eth0, device);
    stays(match::no, eth0, elsewhere);
    auto const on_tcx =
        made({.type = link_type::tcx, .attach = attach_type::tcx_ingress, .target = 2});
    on_hook = {{7, on_tcx.info()->id.value()}};
    stays(match::yes, eth0_ingress, on_tcx);
    stays(match::yes,
          bl::hook::netfilter{.protocol_family = bl::protocol_family::ipv4,
                              .hook = bl::netfilter_hook::local_in},
          made({.type = link_type::netfilter, .netfilter = {2, 1, 0, 0}}));
    make_cgroup("/cgroup/web");
    cgroups = {{"/cgroup/web", 55}};
    stays(match::yes,
          bl::hook::cgroup{.cgroup = "/cgroup/web", .attach = attach_type::cgroup_device},
          made({.type = link_type::cgroup, .attach = attach_type::cgroup_device, .cgroup_id = 55}));
    files["/run/netns/a"] = "";
    network_namespaces["/run/netns/a"] = 4'026'531'900;
    auto const a = open_file("/run/netns/a");
    stays(
        match::yes, bl::hook::netns{.netns = a, .attach = attach_type::sk_lookup},
        made(
            {.type = link_type::netns, .attach = attach_type::sk_lookup, .target = 4'026'531'900}));
    stays(match::yes, bl::hook::raw_tracepoint{.name = "sched_switch"},
          made({.type = link_type::raw_tracepoint,
                .prog = &add_program(program_type::raw_tracepoint),
                .name = "sched_switch"}));
    stays(match::yes, bl::hook::tracepoint{"sched", "sched_switch"},
          made({.type = link_type::perf_event, .name = "sched_switch"}));
    stays(match::yes, bl::hook::kprobe{.function = "do_a"}, kprobe("", 0xffff'ffff'8100'0010));
    constexpr std::array<std::string_view, 1> names{"do_a"};
    stays(match::yes, bl::hook::kprobe_multi{.symbols = names},
          made({.type = link_type::kprobe_multi, .addresses = {0xffff'ffff'8100'0010}}));
    stays(match::yes, bl::hook::uprobe{.binary = "/bin/x", .offset = 0x10}, uprobe("/bin/x", 0x10));
    constexpr std::array<std::uint64_t, 1> offsets{0x10};
    stays(match::yes, bl::hook::uprobe_multi{.binary = "/bin/x", .offsets = offsets},
          made({.type = link_type::uprobe_multi, .name = "/bin/x", .addresses = {0x10}}));
    files["/lib.so"] = noted_elf(note_of({}));
    stays(match::yes, bl::hook::usdt{.binary = "/lib.so", .provider = "app", .name = "start"},
          made({.type = link_type::uprobe_multi, .name = "/lib.so", .addresses = {0x1010}}));
}
