// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"
#include "congestion.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "probe_targets.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

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
    congestion_control congestion;
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
            "tracing", attach_type::trace_fentry, 0,
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
        try_typed<program_type::perf_event>("perf_event", {}, 0, [](auto const& prog) {
            auto const event = open_clock(1'000'000'000);
            return bl::attach(prog, bl::hook::perf_event{event});
        });
        try_typed<program_type::kprobe>(
            "uprobe_multi", attach_type::trace_uprobe_multi, 0, [](auto const& prog) {
                static constexpr std::array names{first_probed, second_probed};
                return bl::attach(prog,
                                  bl::hook::uprobe_multi{.binary = own_binary, .symbols = names});
            });
        try_typed<program_type::tracing>(
            "tracing_multi", attach_type::trace_fentry_multi, 0, [&](auto const& prog) {
                std::array const functions{bl::btf_id{std::max(function, 0)}};
                return bl::attach(
                    prog, bl::hook::tracing_multi{.functions = functions,
                                                  .attach = attach_type::trace_fentry_multi});
            });
        if (congestion)
            keep(bl::link::duplicate(congestion.link()));
        else
            refused.push_back("struct_ops links: " + congestion.reason());
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

    /// What infos tell, and beside that the network namespaces.
    [[nodiscard]] records expected() const {
        auto const here = must(bl::netns_inode_of("/proc/thread-self/ns/net"));
        records all;
        for (auto const& l : links) {
            auto& added = all.emplace_back(bl::record_of(must(l.info())));
            using enum bl::link_type;
            for (auto const type : {xdp, tcx, netkit, netfilter})
                if (added.type == type) added.netns = here;
        }
        std::ranges::sort(all, {}, &bl::link_record::id);
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

/// The links of iterators that run one of these programs. Those of others come and go.
std::ptrdiff_t iterators(records const& all, std::set<bl::program_id> const& own) {
    return std::ranges::count_if(all, [&](bl::link_record const& each) {
        return each.type == bl::link_type::iter && own.contains(each.program);
    });
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "infos at once are what each link's own info is") {
    if (!has_iterator()) return skip_part("infos at once: the kernel has no iterator over links");
    links_of_many_kinds many;
    for (auto const& what : many.refused)
        skip_part(what);
    auto const check = [&] {
        auto const all = must(bl::infos_at_once());
        CHECK(std::ranges::is_sorted(all, {}, [](auto const& each) { return each.value().id; }));
        for (auto const& l : many.links) {
            auto const expected = must(l.info());
            CAPTURE(expected.type);
            auto const found = std::ranges::find_if(
                all, [&](auto const& each) { return each && each->id == expected.id; });
            REQUIRE(found != all.end());
            CHECK(**found == expected);
        }
    };
    check();
    for (auto& l : many.links)
        static_cast<void>(l.detach());
    check();
}

TEST_CASE_FIXTURE(kernel_case, "infos at once have names of any length, and cookies") {
    if (!has_iterator()) return skip_part("infos at once: the kernel has no iterator over links");
    programs p{"sys_enter_a"};
    // One is longer than the iterator's record has room for.
    for (auto const* const name : {"sys_enter", "mm_vmscan_memcg_softlimit_reclaim_begin"}) {
        bl::hook::raw_tracepoint where{.name = name, .cookie = bl::cookie{7}};
        auto l = bl::attach(p.tracepoint("sys_enter_a"), where);
        if (!l) { // before 6.10
            where.cookie = {};
            l = bl::attach(p.tracepoint("sys_enter_a"), where);
        }
        auto const attached = must(std::move(l));
        auto const expected = must(attached.info());
        auto const all = must(bl::infos_at_once());
        CHECK(std::ranges::count_if(
                  all, [&](auto const& each) { return each && *each == expected; }) == 1);
    }
}

TEST_CASE_FIXTURE(kernel_case, "a snapshot tells of each link what its info tells") {
    links_of_many_kinds const many;
    for (auto const& what : many.refused)
        skip_part(what);
    auto const expected = many.expected();
    for (auto type = bl::link_type::raw_tracepoint; type <= bl::link_type::tracing_multi;
         type = static_cast<bl::link_type>(static_cast<unsigned>(type) + 1)) {
        CAPTURE(type);
        auto const name = to_string(type) + " links: ";
        bool const is_refused = std::ranges::any_of(
            many.refused, [&](std::string const& what) { return what.starts_with(name); });
        CHECK((std::ranges::count(expected, type, &bl::link_record::type) > 0) != is_refused);
    }
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

namespace {

/// Keeps every processor while it lives, this one by the calling thread: what the kernel has put
/// off does not begin. For 0.4 seconds, at most: longer than that it lets no real-time thread.
class all_processors {
public:
    all_processors() {
        ::cpu_set_t all;
        if (::sched_getaffinity(0, sizeof all, &all) < 0 ||
            ::sched_getaffinity(0, sizeof before_, &before_) < 0 ||
            CPU_COUNT(&all) != ::sysconf(_SC_NPROCESSORS_ONLN)) {
            refuse("this process may not run on every processor");
            return;
        }
        std::size_t mine = 0;
        while (!CPU_ISSET(mine, &all))
            ++mine;
        stay_on(mine); // where the others begin, too
        for (auto cpu = mine + 1; cpu != CPU_SETSIZE; ++cpu)
            if (CPU_ISSET(cpu, &all))
                others_.emplace_back([this, cpu] {
                    stay_on(cpu);
                    come_before_all();
                    ++arrived_;
                    while (!end_ && in_time()) {
                    }
                });
        while (arrived_ != others_.size() && in_time())
            std::this_thread::yield();
        come_before_all();
        if (arrived_ != others_.size()) refuse("a processor stays busy");
    }
    ~all_processors() {
        end_ = true;
        ::sched_param const usual{};
        ::sched_setscheduler(0, SCHED_OTHER, &usual);
        ::sched_setaffinity(0, sizeof before_, &before_);
        for (auto& each : others_)
            each.join();
    }
    all_processors(all_processors const&) = delete;
    all_processors& operator=(all_processors const&) = delete;

    /// Why they could not be had; nothing when they are.
    [[nodiscard]] std::string const& refusal() const { return refusal_; }
    /// Whether they were ours all the time.
    [[nodiscard]] bool in_time() const { return clock::now() < deadline_; }

private:
    using clock = std::chrono::steady_clock;

    void refuse(std::string why) {
        std::scoped_lock const lock{guard_};
        refusal_ = std::move(why);
    }
    void stay_on(std::size_t cpu) {
        ::cpu_set_t only;
        CPU_ZERO(&only);
        CPU_SET(cpu, &only);
        if (::sched_setaffinity(0, sizeof only, &only) < 0)
            refuse(std::string{"no place on a processor: "} + std::strerror(errno));
    }
    void come_before_all() {
        ::sched_param lowest{};
        lowest.sched_priority = 1; // and yet above all that is not real-time
        if (::sched_setscheduler(0, SCHED_FIFO, &lowest) < 0)
            refuse(std::string{"no real-time threads: "} + std::strerror(errno));
    }

    clock::time_point deadline_ = clock::now() + std::chrono::milliseconds{400};
    ::cpu_set_t before_{};
    std::mutex guard_;
    std::string refusal_;
    std::atomic<std::size_t> arrived_ = 0;
    std::atomic<bool> end_ = false;
    std::vector<std::thread> others_;
};

/// A link on a network namespace of its own, which nothing but the descriptor holds. No socket was
/// ever in it: those let go of a namespace some time after they are closed.
struct link_in_namespace {
    bl::unique_fd home{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    bl::unique_fd there;
    std::optional<bl::link> on_it;

    explicit link_in_namespace(constant_program<program_type::flow_dissector> const& prog) {
        REQUIRE(::unshare(CLONE_NEWNET) == 0);
        there = bl::unique_fd{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
        REQUIRE(::setns(home.get(), CLONE_NEWNET) == 0);
        on_it.emplace(must(bl::attach(
            prog, bl::hook::netns{.netns = there, .attach = attach_type::flow_dissector})));
    }
};

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a link on a namespace that nobody holds is defunct at once") {
    constant_program<program_type::flow_dissector> const prog{0, attach_type::flow_dissector};
    bl::snapshotter by;
    bl::snapshotter walk{snapshot_source::walk};
    records all;
    must(by.take(all)); // all is loaded
    std::string why;
    auto const ends_in_time = [&] { // or nothing could be seen in time
        link_in_namespace world{prog};
        auto const id = must(world.on_it->info()).id;
        auto const target_by = [&](bl::snapshotter& which) {
            must(which.take(all));
            auto const found = std::ranges::find(all, id, &bl::link_record::id);
            REQUIRE(found != all.end());
            return found->target;
        };
        CHECK(std::get<bl::netns_inode>(target_by(by)).value() != 0);
        CHECK(target_by(by) == target_by(walk));
        bool in_time = false;
        {
            // The kernel tells a namespace's links of its end in a thread of its own.
            all_processors const taken;
            why = taken.refusal();
            must(world.there.close());
            CHECK(target_by(by) == bl::link_target{bl::netns_inode{}});
            in_time = taken.in_time();
            CHECK(target_by(walk) == bl::link_target{bl::netns_inode{}});
        }
        CHECK(eventually([&] { return target_by(by) == bl::link_target{bl::netns_inode{}}; }));
        return in_time || !why.empty();
    };
    CHECK(eventually(ends_in_time)); // a machine that stood still has seen nothing
    if (!why.empty()) skip_part("before the kernel cleans up: " + why);
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
    CHECK(iterators(must(walk.take()), open_programs()) == 0);
    auto const taken = must(by.take());
    if (by.source() != snapshot_source::iterator)
        return skip_case("the kernel has no such iterator");
    auto const own = open_programs(); // that of the snapshot among them
    REQUIRE_FALSE(own.empty());
    CHECK(iterators(taken, own) == 0);
    CHECK(iterators(must(walk.take()), own) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "snapshots of several threads do not mix") {
    links_of_many_kinds const many;
    auto const expected = many.expected();
    bool const has = has_iterator();
    auto const own_programs = open_programs();
    auto const before = iterators(must(bl::snapshot()), own_programs);
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
                if (taken && has && iterators(*taken, own_programs) != before) ++wrong;
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
    // The program, link, iterator, two reads, two closes.
    CHECK(made - of_counting == 7 + taken.size() / 1'365);
}

namespace {

/// Takes snapshots in a process that closes all descriptors, and opens others by their numbers.
/// @param open  what is opened instead, by a number that it is given; false where that failed
template <class Open>
int failed_after_closing(Open open) {
    return in_child([&](steps& step) {
        bl::snapshotter by;
        step(by.take().has_value() && by.source() == snapshot_source::iterator, "the first");
        close_all();
        constexpr int most = 64;
        bool opened = true;
        for (int number = 3; number != most; ++number)
            opened = opened && open(number);
        step(opened, "to open others");
        auto const target_of = [](int number) {
            std::array<char, 128> text{};
            auto const link = "/proc/self/fd/" + std::to_string(number);
            static_cast<void>(::readlink(link.c_str(), text.data(), text.size() - 1));
            return std::string{text.data()};
        };
        std::vector<std::string> before;
        for (int number = 3; number != most; ++number)
            before.push_back(target_of(number));
        for (int round = 0; round != 2; ++round) {
            step(by.take().has_value(), "another");
            step(by.source() == snapshot_source::iterator, "by the iterator");
            step(!by.why_walked(), "for no reason");
        }
        std::vector<std::string> after;
        for (int number = 3; number != most; ++number)
            after.push_back(target_of(number));
        // Where nothing was opened, the program is.
        for (std::size_t i = 0; i != before.size(); ++i)
            step(before[i].empty() || before[i] == after[i], "what others opened");
    });
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a process may close all descriptors, and snapshots go on") {
    bl::snapshotter by;
    must(by.take());
    if (by.source() != snapshot_source::iterator)
        return skip_case("the kernel has no iterator over links");
    CHECK(failed_after_closing([](int) { return true; }) == 0);
    CHECK(failed_after_closing(
              [](int number) { return ::open("/dev/null", O_RDONLY | O_CLOEXEC) == number; }) == 0);
    CHECK(failed_after_closing([](int number) { return make_map().release() == number; }) == 0);
    // Somebody's iterator, which would be run.
    CHECK(failed_after_closing([](int number) {
              int const type = ::libbpf_find_vmlinux_btf_id("task", BPF_TRACE_ITER);
              return load_constant(program_type::tracing, attach_type::trace_iter, 0,
                                   bl::btf_id{type})
                         .release() == number;
          }) == 0);
}
