// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>

namespace bl = bpflink;

namespace {

using bl::attach_type;
using bl::program_type;
using bl::snapshot_source;
using records = std::vector<bl::link_record>;

/// Whether the kernel has the iterator: asked of its types, not of its version.
bool has_iterator() {
    return ::libbpf_find_vmlinux_btf_id("bpf_link", BPF_TRACE_ITER) > 0;
}

/// Links of every kind that this kernel takes, each on something of its own.
struct links_of_many_kinds {
    sandbox::network net;
    sandbox::cgroup group;
    programs p{"sys_enter_a", "egress_a", "xdp_a", "iter_tasks"};
    bl::unique_fd sockets{::bpf_map_create(BPF_MAP_TYPE_SOCKMAP, "tiny", 4, 4, 1, nullptr)};
    std::vector<bl::link> links;
    std::vector<std::string> refused; // what this kernel has not

    links_of_many_kinds() {
        using bl::hook::cgroup;
        keep(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
        keep(bl::attach(p.skb("egress_a"), cgroup{group.path(), attach_type::cgroup_inet_egress}));
        keep(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"}));
        keep(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));
        try_typed<program_type::flow_dissector>(
            "netns", attach_type::flow_dissector, 0, [](auto const& prog) {
                bl::unique_fd const here{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
                return bl::attach(
                    prog, bl::hook::netns{.netns = here, .attach = attach_type::flow_dissector});
            });
        try_typed<program_type::sched_cls>("tcx", {}, 0, [&](auto const& prog) {
            return bl::attach(
                prog, bl::hook::tcx{.ifindex = net.loopback(), .attach = attach_type::tcx_ingress});
        });
        try_typed<program_type::sk_skb>(
            "sockmap", attach_type::sk_skb_verdict, 1, [&](auto const& prog) {
                return bl::map_ref::from_fd(sockets).and_then([&](bl::map_ref map) {
                    return bl::attach(
                        prog, bl::hook::sockmap{.map = map, .attach = attach_type::sk_skb_verdict});
                });
            });
        try_typed<program_type::netfilter>(
            "netfilter", attach_type::netfilter, 1 /* NF_ACCEPT */, [](auto const& prog) {
                return bl::attach(prog,
                                  bl::hook::netfilter{.protocol_family = bl::protocol_family::ipv4,
                                                      .hook = bl::netfilter_hook::local_out,
                                                      .priority = -100});
            });
        int const function = ::libbpf_find_vmlinux_btf_id("bpf_fentry_test1", BPF_TRACE_FENTRY);
        try_typed<program_type::tracing>(
            "fentry", attach_type::trace_fentry, 0,
            [](auto const& prog) { return bl::attach(prog, bl::hook::tracing{}); },
            bl::btf_id{std::max(function, 0)});
        try_typed<program_type::kprobe>(
            "kprobe_multi", attach_type::trace_kprobe_multi, 0, [](auto const& prog) {
                static constexpr std::array<std::string_view, 1> symbols{"bpf_fentry_test2"};
                return bl::attach(prog, bl::hook::kprobe_multi{.symbols = symbols});
            });
        try_typed<program_type::sched_cls>("netkit", {}, 0, [&](auto const& prog) {
            return bl::attach(prog, bl::hook::netkit{.ifindex = net.add_netkit().primary,
                                                     .attach = attach_type::netkit_primary});
        });
    }

    template <class L>
    void keep(bl::result<L> l) {
        links.push_back(must(std::move(l)));
    }

    /// Keeps what `attach` makes of a program, where the kernel takes both.
    template <program_type Type, class Attach>
    void try_typed(char const* name, attach_type expected, int verdict, Attach attach,
                   bl::btf_id target = {}) {
        auto const refuse = [&](std::error_code why) {
            refused.push_back(std::string{name} + " links: " + why.message());
        };
        try {
            constant_program<Type> const prog{verdict, expected, target};
            if (auto l = attach(prog))
                links.push_back(*std::move(l));
            else
                refuse(l.error().code());
        } catch (std::system_error const& e) {
            refuse(e.code());
        }
    }

    [[nodiscard]] records expected() const {
        records all;
        for (auto const& l : links)
            all.push_back(bl::record_of(must(l.info())));
        return all;
    }
};

/// Without those of somebody else, who may come and go.
records among(records const& all, records const& wanted) {
    records found;
    for (auto const& record : all)
        if (std::ranges::find(wanted, record.id, &bl::link_record::id) != wanted.end())
            found.push_back(record);
    return found;
}

std::ptrdiff_t iterators(records const& all) {
    return std::ranges::count(all, bl::link_type::iter, &bl::link_record::type);
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a snapshot tells of each link what its info tells") {
    links_of_many_kinds const many;
    for (auto const& what : many.refused)
        skip_part(what);
    auto const expected = many.expected();
    bl::snapshotter by;
    CHECK(among(must(by.take()), expected) == expected);
    CHECK(by.source() == (has_iterator() ? snapshot_source::iterator : snapshot_source::walk));
    CHECK((by.why_walked() != nullptr) == !has_iterator());
    if (by.why_walked()) {
        skip_part("snapshots by the iterator: " + by.why_walked()->code().message());
        check_error(*by.why_walked(), bl::errc::not_supported, {"5.19"});
    }
    bl::snapshotter walk{snapshot_source::walk};
    CHECK(among(must(walk.take()), expected) == expected);
    CHECK(walk.source() == snapshot_source::walk);
    CHECK(among(must(bl::snapshot()), expected) == expected);
}

TEST_CASE_FIXTURE(kernel_case, "on a quiet system a snapshot has the links that the walk has") {
    links_of_many_kinds const many;
    bl::snapshotter by_iterator;
    bl::snapshotter by_walk{snapshot_source::walk};
    // Somebody else may attach in between: then once more.
    CHECK(eventually([&] {
        auto const before = must(by_walk.take());
        auto const taken = must(by_iterator.take());
        return taken == before && must(by_walk.take()) == before;
    }));
    auto const taken = must(by_iterator.take());
    CHECK(std::ranges::is_sorted(taken, {}, &bl::link_record::id));
}

TEST_CASE_FIXTURE(kernel_case, "what a link was on is gone in its record, and the link defunct") {
    sandbox::network net;
    auto const device = net.add_veth().here;
    sandbox::cgroup group;
    programs const p{"egress_a", "xdp_a"};
    auto const on_device = must(bl::attach(
        p.xdp("xdp_a"), bl::hook::xdp{.ifindex = device, .mode = bl::xdp_mode::generic}));
    auto const on_cgroup = must(bl::attach(
        p.skb("egress_a"), bl::hook::cgroup{group.path(), attach_type::cgroup_inet_egress}));
    auto const of_ours = [&] {
        auto const all = must(bl::snapshot());
        records ours;
        for (auto const id : {must(on_device.info()).id, must(on_cgroup.info()).id}) {
            auto const found = std::ranges::find(all, id, &bl::link_record::id);
            REQUIRE(found != all.end());
            ours.push_back(*found);
        }
        return ours;
    };
    auto const id = must(bl::cgroup_id_of(group.path()));
    auto now = of_ours();
    CHECK(now[0].target == bl::link_target{device});
    CHECK(now[1].target == bl::link_target{id});
    CHECK(bl::state_of(now[0]) == bl::link_state::attached);
    CHECK(bl::state_of(now[1]) == bl::link_state::attached);

    net.remove(device);
    group.remove();
    CHECK(eventually([&] { return on_cgroup.state() == bl::link_state::defunct; }));
    now = of_ours();
    CHECK(now[0].target == bl::link_target{bl::ifindex{}});
    CHECK(now[1].target == bl::link_target{bl::cgroup_id{}});
    CHECK(bl::state_of(now[0]) == bl::link_state::defunct);
    CHECK(bl::state_of(now[1]) == bl::link_state::defunct);
}

TEST_CASE_FIXTURE(kernel_case, "iterators are on the map or the cgroup that they walk") {
    sandbox::cgroup const group;
    auto const map = make_map();
    if (auto const why = refusal("iter_maps"); why.empty()) {
        programs const p{"iter_maps"};
        auto const ref = must(bl::map_ref::from_fd(map));
        auto const l = must(bl::attach(p.iter("iter_maps"), bl::hook::iter{.map = ref}));
        ::bpf_map_info facts{};
        std::uint32_t size = sizeof facts;
        REQUIRE(::bpf_map_get_info_by_fd(map.get(), &facts, &size) == 0);
        auto const found = must(bl::find_links(bl::map_id{facts.id}));
        REQUIRE(found.size() == 1);
        CHECK(found.front() == bl::record_of(must(l.info())));
    } else {
        skip_part("iterators over a map's elements: " + why);
    }

    int const type = ::libbpf_find_vmlinux_btf_id("cgroup", BPF_TRACE_ITER);
    if (type <= 0) return skip_part("the kernel has no iterators over cgroups");
    constant_program<program_type::tracing> const prog{0, attach_type::trace_iter,
                                                       bl::btf_id{type}};
    auto const id = must(bl::cgroup_id_of(group.path()));
    auto const l = must(bl::attach(prog, bl::hook::iter{.cgroup = bl::iter_cgroup{id.value()}}));
    auto const found = must(bl::find_links(id));
    REQUIRE(found.size() == 1);
    CHECK(found.front() == bl::record_of(must(l.info())));
}

TEST_CASE_FIXTURE(kernel_case, "links are found by what they are on, by type and by program") {
    links_of_many_kinds const many;
    auto const expected = many.expected();
    auto const check = [&](bl::link_criterion const& by) {
        auto const found = must(bl::find_links(by));
        records wanted = expected;
        std::erase_if(wanted, [&](auto const& each) { return !bl::matches(each, by); });
        CHECK(wanted.size() >= 1);
        CHECK(among(found, expected) == wanted);
        for (auto const& record : found)
            CHECK(bl::matches(record, by));
    };
    check(many.p.program_id("egress_a"));
    check(bl::link_type::raw_tracepoint);
    check(many.net.loopback());
    check(must(bl::cgroup_id_of(many.group.path())));
    check(must(bl::ifindex_of("lo")));
    auto const here = must(bl::netns_inode_of("/proc/thread-self/ns/net"));
    if (std::ranges::find(expected, bl::link_type::netns, &bl::link_record::type) != expected.end())
        check(here);
    for (auto const& record : expected)
        if (auto const* const map = std::get_if<bl::map_id>(&record.target)) check(*map);

    // In this cgroup nobody else has a link.
    auto const on_cgroup = must(bl::find_links(must(bl::cgroup_id_of(many.group.path()))));
    REQUIRE(on_cgroup.size() == 1);
    CHECK(on_cgroup.front().program == many.p.program_id("egress_a"));
    CHECK(on_cgroup.front().attach == attach_type::cgroup_inet_egress);
}

TEST_CASE_FIXTURE(kernel_case, "a snapshot sees every stable link while others come and go") {
    links_of_many_kinds const many;
    auto const expected = many.expected();
    programs const p{"egress_b"};
    std::atomic<bool> end = false;
    std::atomic<unsigned> made = 0;
    std::thread churn{[&] {
        bl::hook::cgroup const where{many.group.path(), attach_type::cgroup_inet_egress};
        while (!end)
            if (bl::attach(p.skb("egress_b"), where)) ++made;
    }};
    bl::snapshotter by;
    records all;
    unsigned missed = 0;
    unsigned unsettled = 0;
    unsigned met = 0;
    unsigned elsewhere = 0;
    bool const has = has_iterator();
    CHECK(eventually([&] { return made > 0; }));
    for (int i = 0; i != 2'000 || (met == 0 && i < 50'000); ++i) {
        auto const taken = by.take(all);
        if (!taken || among(all, expected) != expected) ++missed;
        if ((by.source() == snapshot_source::iterator) != has) ++elsewhere;
        for (auto const& record : all) {
            if (record.id.value() == 0) ++unsettled;
            if (record.program == p.program_id("egress_b")) ++met;
        }
    }
    end = true;
    churn.join();
    CHECK(missed == 0);
    CHECK(unsettled == 0);
    CHECK(met > 0);
    CHECK(elsewhere == 0);
}

TEST_CASE_FIXTURE(kernel_case, "a snapshot's own link is never in it, and gone afterwards") {
    bl::snapshotter walk{snapshot_source::walk};
    bl::snapshotter by;
    auto const before = iterators(must(walk.take()));
    auto const taken = iterators(must(by.take()));
    if (by.source() != snapshot_source::iterator)
        return skip_case("the kernel has no such iterator");
    CHECK(taken == before);
    CHECK(iterators(must(walk.take())) == before);
}

TEST_CASE_FIXTURE(kernel_case, "snapshots of several threads do not mix") {
    links_of_many_kinds const many;
    auto const expected = many.expected();
    bool const has = has_iterator();
    auto const before = iterators(must(bl::snapshot()));
    std::atomic<unsigned> wrong = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i != 4; ++i)
        threads.emplace_back([&] {
            for (int round = 0; round != 100; ++round) {
                bl::snapshotter own;
                auto const taken = own.take();
                if (!taken || among(*taken, expected) != expected) ++wrong;
                if ((own.source() == snapshot_source::iterator) != has) ++wrong;
                // Not the link of another thread's snapshot either.
                if (taken && has && iterators(*taken) != before) ++wrong;
            }
        });
    for (auto& thread : threads)
        thread.join();
    CHECK(wrong == 0);
}

TEST_CASE_FIXTURE(kernel_case, "no walk makes a system call too many") {
    programs const p{"sys_enter_a", "egress_a", "iter_tasks", "xdp_a"};
    sandbox::network net;
    sandbox::cgroup const group;
    auto const counter =
        must(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"}));
    std::vector<bl::link> own;
    bl::hook::cgroup const egress{group.path(), attach_type::cgroup_inet_egress};
    constexpr unsigned count = 20;
    for (unsigned i = 0; i != count; ++i) {
        own.push_back(must(bl::attach(p.skb("egress_a"), egress)));
        own.push_back(must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{})));
    }
    auto const after = bl::link_id{must(own.front().info()).id.value() - 1};
    auto const of_counting = p.runs_during("sys_enter_a", [] {});
    auto const calls = [&](auto&& range) {
        unsigned seen = 0;
        auto const made = p.runs_during("sys_enter_a", [&] {
            for (auto&& each : range)
                if (each) ++seen;
        });
        // One call finds out that there is no more; the others are divided among the links.
        return std::pair{seen, made - of_counting - 1};
    };
    constexpr unsigned all = 2 * count;
    using counted = std::pair<unsigned, std::uint64_t>;
    CHECK(eventually([&] { return calls(bl::link_ids(after)) == counted{all, all}; }));
    CHECK(calls(bl::links(after)) == counted{all, 3 * all});
    CHECK(calls(bl::infos(after)) == counted{all, (4 + 5) * count});
    auto const of_cgroup = bl::views::of_type(bl::link_type::cgroup);
    CHECK(calls(bl::links(after) | of_cgroup) == counted{count, 4 * all});
    CHECK(calls(bl::infos(after) | of_cgroup) == counted{count, 4 * all});
    CHECK(calls(bl::infos(after) | bl::views::of_program(p.program_id("iter_tasks"))) ==
          counted{count, (4 + 5) * count});

    bl::snapshotter by;
    records taken;
    must(by.take(taken));
    if (by.source() != snapshot_source::iterator)
        return skip_part("the kernel has no iterator over links");
    auto const made = p.runs_during("sys_enter_a", [&] { must(by.take(taken)); });
    // Link, its id, iterator, two reads, two closes.
    CHECK(made - of_counting == 7 + taken.size() / 1'365);
}
