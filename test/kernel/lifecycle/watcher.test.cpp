// SPDX-License-Identifier: Apache-2.0
#include "congestion.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <map>
#include <optional>
#include <poll.h>
#include <utility>
#include <vector>

#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

using namespace std::chrono_literals;
using bl::link_change;
using changes = std::vector<link_change>;
using steady = std::chrono::steady_clock;

constexpr auto an_hour = std::chrono::milliseconds{1h};
constexpr int patience{std::chrono::milliseconds{sandbox::patience}.count()}; // as poll() takes it

template <class Link>
bl::link_id id_of(Link const& l) {
    return must(l.info()).id;
}

/// What is told of one link until `last` is, or the time is over. Links of others come and go.
changes told_of(bl::watcher& w, bl::link_id id, link_change last) {
    changes all;
    auto const end = steady::now() + sandbox::patience;
    while (steady::now() < end) {
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(end - steady::now());
        for (auto const& e : must(w.wait(left)))
            if ((e.what == link_change::removed ? e.before : e.now).id == id) all.push_back(e.what);
        if (!all.empty() && all.back() == last) break;
    }
    return all;
}

/// Of a snapshot's kind: where it cannot be watched at all, the case is skipped.
std::optional<bl::watcher> started(bl::watcher_options options) {
    auto w = bl::watcher::start(options);
    if (w) return *std::move(w);
    if (w.error() != bl::errc::not_supported) FAIL(w.error().message());
    skip_case(w.error().message());
    return std::nullopt;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a watcher reports a link's life, by the iterator and by the walk") {
    auto preferred = bl::snapshot_source::iterator;
    SUBCASE("by the iterator, where there is one") {
    }
    SUBCASE("by the walk") {
        preferred = bl::snapshot_source::walk;
    }
    sandbox::network const net;
    programs const p{"xdp_a", "xdp_b"};
    auto w = started({.period = 5ms, .preferred = preferred});
    if (!w) return;
    if (preferred == bl::snapshot_source::walk) CHECK(w->source() == preferred);
    CHECK((w->source() == preferred || w->why_walked()));
    auto l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));
    auto const id = id_of(l);
    CHECK(told_of(*w, id, link_change::created) == changes{link_change::created});
    must(l.update(p.xdp("xdp_b")));
    CHECK(told_of(*w, id, link_change::updated) == changes{link_change::updated});
    if (l.detach()) CHECK(told_of(*w, id, link_change::defunct) == changes{link_change::defunct});
    must(l.close());
    CHECK(told_of(*w, id, link_change::removed) == changes{link_change::removed});
    CHECK(w->cost() > 0ns);
}

TEST_CASE_FIXTURE(kernel_case, "a watcher reports the end of an interface before its period ends") {
    sandbox::network net;
    programs const p{"xdp_a"};
    auto const device = net.add_veth().here;
    auto const l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = device}));
    auto w = started({.period = an_hour});
    if (!w) return;
    CHECK_FALSE(w->why_not_woken());
    CHECK(must(w->poll()).empty());
    net.remove(device);
    ::pollfd ready{w->fd().get(), POLLIN, 0};
    CHECK(::poll(&ready, 1, patience) == 1);
    CHECK(told_of(*w, id_of(l), link_change::defunct) == changes{link_change::defunct});
    CHECK(must(w->poll()).empty());
    CHECK(::poll(&ready, 1, 0) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "news of interfaces that are lost make a watcher look") {
    sandbox::network net;
    programs const p{"xdp_a"};
    auto const device = net.add_veth().here;
    auto const l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = device}));
    auto w = started({.period = an_hour});
    if (!w) return;
    // More than a socket holds, so that the end is not among what it has.
    for (unsigned i = 0; i != 1'000; ++i)
        net.set_mtu(net.loopback(), 1'500 + i % 2);
    net.remove(device);
    CHECK(told_of(*w, id_of(l), link_change::defunct) == changes{link_change::defunct});
}

TEST_CASE_FIXTURE(kernel_case,
                  "a watcher reports the end of a struct_ops link early, without holding it") {
    congestion_control const table{congestion_control::attached::by_nobody};
    if (!table.is_loaded()) return skip_case(table.reason());
    auto w = started({.period = an_hour});
    if (!w) return;
    auto l = must(bl::attach(table.map(), bl::hook::struct_ops{}));
    auto const id = id_of(l);
    auto later = started({.period = an_hour});
    SUBCASE("detached") {
        auto const detached = l.detach();
        if (!detached) return skip_case(detached.error().message());
        CHECK(told_of(*later, id, link_change::defunct) == changes{link_change::defunct});
        CHECK(must(later->poll()).empty());
    }
    SUBCASE("closed") {
        must(l.close());
        CHECK(eventually([&] { return is_gone(id); }));
        CHECK(eventually([&] { return !table.available(); })); // the id goes first
    }
}

TEST_CASE_FIXTURE(kernel_case, "a watcher reports the end of a cgroup by its period") {
    sandbox::cgroup group;
    programs const p{"egress_a"};
    auto const l = must(bl::attach(
        p.skb("egress_a"), bl::hook::cgroup{group.path(), bl::attach_type::cgroup_inet_egress}));
    auto w = started({.period = 10ms});
    if (!w) return;
    group.remove();
    CHECK(told_of(*w, id_of(l), link_change::defunct) == changes{link_change::defunct});
}

TEST_CASE_FIXTURE(kernel_case,
                  "of many links each is reported as created once, and as removed once") {
    constexpr std::size_t count = 10'000;
    programs const p{"iter_tasks"};
    auto w = started({.period = 20ms});
    if (!w) return;
    std::map<bl::link_id, std::pair<int, int>> seen;
    auto const gather = [&] {
        for (auto const& e : must(w->wait(20ms))) {
            if (e.what == link_change::created) ++seen[e.now.id].first;
            if (e.what == link_change::removed) ++seen[e.before.id].second;
        }
    };
    std::vector<bl::link_id> made;
    std::vector<bl::iter_link> links;
    std::size_t told = 0; // of those that were made
    while (made.size() < count) {
        // A few hundred at once: every one of them is there until it is told.
        while (links.size() < 400 && made.size() < count) {
            auto l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
            made.push_back(id_of(l));
            links.push_back(std::move(l));
        }
        REQUIRE(eventually([&] {
            gather();
            while (told != made.size() && seen[made[told]].first != 0)
                ++told;
            return told == made.size();
        }));
        links.clear();
    }
    auto const all_told = [&] {
        for (auto const id : made)
            if (seen[id] != std::pair{1, 1}) return false;
        return true;
    };
    CHECK(eventually([&] {
        gather();
        return all_told();
    }));
    std::size_t wrong = 0;
    for (auto const id : made)
        wrong += seen[id] != std::pair{1, 1};
    CHECK(wrong == 0);
}

TEST_CASE_FIXTURE(kernel_case, "an edge-triggered loop is woken for each change") {
    sandbox::network net;
    programs const p{"xdp_a"};
    auto w = started({.period = an_hour});
    if (!w) return;
    bl::unique_fd const loop{::epoll_create1(EPOLL_CLOEXEC)};
    ::epoll_event wanted{.events = EPOLLIN | EPOLLET, .data = {}};
    REQUIRE(::epoll_ctl(loop.get(), EPOLL_CTL_ADD, w->fd().get(), &wanted) == 0);
    for (int i = 0; i != 20; ++i) {
        auto const device = net.add_veth().here;
        auto const l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = device}));
        static_cast<void>(must(w->poll())); // the new interface is no news that it looks for
        bool is_told = false;
        net.remove(device);
        auto const end = steady::now() + sandbox::patience;
        while (!is_told && steady::now() < end) {
            ::epoll_event ready{};
            if (::epoll_wait(loop.get(), &ready, 1, 1'000) != 1) continue;
            for (auto const& e : must(w->poll()))
                is_told |= e.now.id == id_of(l);
        }
        CHECK(is_told);
    }
}

TEST_CASE_FIXTURE(kernel_case, "a watcher goes on in a process whose child has it too, and ends") {
    sandbox::network const net;
    programs const p{"xdp_a"};
    auto w = started({.period = 10ms});
    if (!w) return;
    auto const child = ::fork();
    if (child == 0) {
        w.reset();
        ::_exit(0);
    }
    REQUIRE(child > 0);
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    auto l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));
    auto const id = id_of(l);
    CHECK(told_of(*w, id, link_change::created) == changes{link_change::created});
    must(l.close());
    CHECK(told_of(*w, id, link_change::removed) == changes{link_change::removed});
}

TEST_CASE_FIXTURE(kernel_case,
                  "the longest limit and period are taken, and the least; and a move empties") {
    programs const p{"iter_tasks"};
    auto w = started({.period = std::chrono::milliseconds::max()});
    if (!w) return;
    CHECK(must(w->wait(std::chrono::milliseconds::min())).empty());
    CHECK(must(w->wait(0ms)).empty());
    auto const moved = *std::move(w);
    auto const refused = w->wait(std::chrono::milliseconds::max());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code().value() == EBADF);
    auto quick = started({.period = 1ms});
    auto const l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    auto const told = must(quick->wait(std::chrono::milliseconds::max()));
    CHECK_FALSE(told.empty());
}

TEST_CASE_FIXTURE(kernel_case, "the end of an interface elsewhere is told by the period") {
    auto w = started({.period = 10ms});
    if (!w) return;
    sandbox::network net; // another network namespace than that of the watcher
    programs const p{"xdp_a"};
    auto const device = net.add_veth().here;
    auto const l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = device}));
    auto const id = id_of(l);
    CHECK(told_of(*w, id, link_change::created) == changes{link_change::created});
    net.remove(device);
    CHECK(told_of(*w, id, link_change::defunct) == changes{link_change::defunct});
}

TEST_CASE_FIXTURE(kernel_case, "a watcher does not report links of its own") {
    auto w = started({.period = 1ms});
    if (!w) return;
    if (w->source() == bl::snapshot_source::walk) return skip_case(w->why_walked()->message());
    auto another = started({.period = 1ms});
    auto const own = open_programs(); // those of other processes' snapshots come and go
    REQUIRE_FALSE(own.empty());
    int of_own = 0;
    for (int i = 0; i != 200; ++i) {
        for (auto const& e : must(w->wait(1ms)))
            of_own += e.what == link_change::created && own.contains(e.now.program);
        static_cast<void>(must(another->poll()));
    }
    CHECK(of_own == 0);
}

TEST_CASE_FIXTURE(kernel_case, "a watcher whose descriptor somebody closed says so, and ends") {
    bl::fd_view was{};
    {
        auto w = started({.period = 1ms});
        if (!w) return;
        was = w->fd();
        REQUIRE(::close(was.get()) == 0);
        for (int i = 0; i != 2; ++i) {
            auto const refused = w->wait(1s);
            REQUIRE_FALSE(refused);
            CHECK(refused.error().code().value() == EBADF);
        }
        CHECK(w->fd() == was);
    }
    CHECK(::fcntl(was.get(), F_GETFD) < 0);
}

TEST_CASE_FIXTURE(kernel_case, "a duplicate of a watcher's descriptor wakes as long as it lives") {
    auto w = started({.period = 5ms});
    if (!w) return;
    bl::unique_fd const copy{::fcntl(w->fd().get(), F_DUPFD_CLOEXEC, 0)};
    ::pollfd ready{copy.get(), POLLIN, 0};
    CHECK(::poll(&ready, 1, patience) == 1);
    static_cast<void>(must(w->poll()));
    w.reset();
    CHECK(::poll(&ready, 1, 50) == 0); // its timer is gone
}

TEST_CASE_FIXTURE(kernel_case, "a loop that watches a watcher need not be told that it moved") {
    programs const p{"iter_tasks"};
    auto w = started({.period = 5ms});
    if (!w) return;
    bl::unique_fd const loop{::epoll_create1(EPOLL_CLOEXEC)};
    ::epoll_event wanted{.events = EPOLLIN, .data = {}};
    REQUIRE(::epoll_ctl(loop.get(), EPOLL_CTL_ADD, w->fd().get(), &wanted) == 0);
    auto moved = *std::move(w);
    w.reset();
    auto const l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    ::epoll_event ready{};
    CHECK(::epoll_wait(loop.get(), &ready, 1, patience) == 1);
    CHECK(told_of(moved, id_of(l), link_change::created) == changes{link_change::created});
}

TEST_CASE_FIXTURE(kernel_case, "a child that reads its parent's watcher takes no event from it") {
    sandbox::network net;
    programs const p{"xdp_a"};
    auto const device = net.add_veth().here;
    auto w = started({.period = 200ms});
    if (!w) return;
    auto const l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = device}));
    auto const id = id_of(l);
    CHECK(told_of(*w, id, link_change::created) == changes{link_change::created});
    auto const child = ::fork();
    if (child == 0) {
        for (;;) // early wakes and ticks, as fast as they come
            static_cast<void>(w->wait(1s));
    }
    REQUIRE(child > 0);
    net.remove(device);
    CHECK(told_of(*w, id, link_change::defunct) == changes{link_change::defunct});
    CHECK(::kill(child, SIGKILL) == 0);
    CHECK(::waitpid(child, nullptr, 0) == child);
}
