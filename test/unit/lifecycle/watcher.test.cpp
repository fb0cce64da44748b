// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"
#include "starve.hpp"

#include <bpflink/lifecycle/watcher.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using bl::link_change;
using bl::link_type;

/// What a watcher says, as text: "created 101, removed 100".
std::string told(bl::result<std::span<bl::link_event const>> const& events) {
    if (!events) return events.error().message();
    std::ostringstream text;
    for (char const* comma = ""; auto const& e : *events) {
        auto const& of = e.what == link_change::removed ? e.before : e.now;
        text << std::exchange(comma, ", ") << e.what << ' ' << of.id;
    }
    return text.str();
}

std::string said(char const* what, fake::link const& l) {
    return std::string{what} + ' ' + std::to_string(l.id());
}

struct watched_machine : machine {
    fake::program& prog = add_program(bl::program_type::xdp);
    fake::program& other = add_program(bl::program_type::xdp);

    fake::link& add(link_type type = link_type::xdp) {
        if (type == link_type::struct_ops) return add_link({.type = type, .target = 7});
        return add_link({.type = type, .prog = &prog, .target = 3, .cgroup_id = 9});
    }
    static bl::watcher started(bl::watcher_options options = {}) {
        auto w = bl::watcher::start(options);
        REQUIRE(succeeded(w));
        return *std::move(w);
    }
    /// What a period later is told.
    std::string next(bl::watcher& w) {
        pass(1s);
        return told(w.poll());
    }
};

} // namespace

TEST_CASE_FIXTURE(watched_machine, "a watcher reports each change of a link once") {
    static_cast<void>(add());
    auto w = started();
    CHECK(told(w.poll()).empty());
    CHECK(next(w).empty());
    auto& l = add();
    CHECK(told(w.poll()).empty()); // it is not time
    CHECK(next(w) == said("created", l));
    CHECK(next(w).empty());
    l.prog = other.shared_from_this();
    CHECK(next(w) == said("updated", l));
    CHECK(next(w).empty());
    l.defunct = true;
    CHECK(next(w) == said("defunct", l));
    CHECK(next(w).empty());
    auto const removed = said("removed", l);
    let_go(l);
    CHECK(next(w) == removed);
    CHECK(next(w).empty());
}

TEST_CASE_FIXTURE(watched_machine, "an event has the records before and now") {
    auto w = started();
    auto& l = add();
    pass(1s);
    auto created = w.poll();
    REQUIRE(succeeded(created));
    REQUIRE(created->size() == 1);
    auto const first = (*created)[0];
    CHECK(first.now.id.value() == l.id());
    CHECK(first.before == bl::link_record{});
    l.prog = other.shared_from_this();
    pass(1s);
    auto updated = w.poll();
    REQUIRE(succeeded(updated));
    REQUIRE(updated->size() == 1);
    CHECK((*updated)[0].before == first.now);
    CHECK((*updated)[0].now.program.value() == other.id);
    auto const last = (*updated)[0].now;
    let_go(l);
    pass(1s);
    auto removed = w.poll();
    REQUIRE(succeeded(removed));
    REQUIRE(removed->size() == 1);
    CHECK((*removed)[0].now == bl::link_record{});
    CHECK((*removed)[0].before == last);
}

TEST_CASE_FIXTURE(watched_machine, "of several changes the one of highest rank is told") {
    auto& l = add();
    auto w = started();
    l.prog = other.shared_from_this();
    l.defunct = true;
    SUBCASE("defunct before updated") {
        CHECK(next(w) == said("defunct", l));
    }
    SUBCASE("removed before defunct") {
        auto const removed = said("removed", l);
        let_go(l);
        CHECK(next(w) == removed);
    }
    CHECK(next(w).empty());
}

TEST_CASE_FIXTURE(watched_machine,
                  "a link that is there at the start is told where that is asked") {
    auto& l = add();
    auto w = started({.existing = true});
    CHECK(told(w.poll()) == said("created", l));
    CHECK(told(w.poll()).empty());
    CHECK(next(w).empty());
}

TEST_CASE_FIXTURE(watched_machine,
                  "an id that is given out again is another link, where that shows") {
    auto& old = add();
    auto const id = old.id();
    auto w = started();
    SUBCASE("it is of another kind") {
        let_go(old);
        add_link({.type = link_type::cgroup, .prog = &prog, .id = id, .cgroup_id = 9});
    }
    SUBCASE("the old one was defunct") {
        old.defunct = true;
        CHECK(next(w) == said("defunct", old));
        let_go(old);
        add_link({.type = link_type::xdp, .prog = &prog, .id = id, .target = 3});
    }
    auto const number = std::to_string(id);
    CHECK(next(w) == "removed " + number + ", created " + number);
}

TEST_CASE_FIXTURE(watched_machine, "the end of an interface is seen before the period is over") {
    auto& l = add();
    auto w = started();
    has_device_news = true;
    l.defunct = true;
    SUBCASE("it is told") {
        device_has_ended = true;
        CHECK(told(w.poll()) == said("defunct", l));
    }
    SUBCASE("news that were lost are a look") {
        fail(call::read_device_news, ENOBUFS);
        CHECK(told(w.poll()) == said("defunct", l));
    }
    SUBCASE("news that cannot be read are a look, and the last") {
        fail_always(call::read_device_news, EIO);
        CHECK(told(w.poll()) == said("defunct", l));
        REQUIRE(w.why_not_woken());
        CHECK(w.why_not_woken()->code().value() == EIO);
        forget_calls();
        CHECK(told(w.poll()).empty());
        CHECK(system_calls() == 1);
    }
    SUBCASE("other news are no look") {
        CHECK(told(w.poll()).empty());
        CHECK(next(w) == said("defunct", l));
    }
    CHECK(next(w).empty());
}

TEST_CASE_FIXTURE(watched_machine,
                  "the end of a struct_ops link is seen early, and it is not held") {
    auto& l = add(link_type::struct_ops);
    auto const id = l.id();
    auto owned = open(l);
    auto w = started();
    auto const descriptors = open_descriptors().size();
    SUBCASE("detached") {
        l.defunct = true;
        CHECK(told(w.poll()) == said("defunct", l));
        CHECK(told(w.poll()).empty());
        CHECK(next(w).empty());
    }
    SUBCASE("closed by its owner") {
        let_go(l);
        owned = bl::unique_fd{};
        CHECK_FALSE(exists(bl::link_id{id}));
        CHECK(next(w) == "removed " + std::to_string(id));
    }
    SUBCASE("where the kernel cannot wait for it, the period tells") {
        polls_struct_ops = false;
        auto& late = add(link_type::struct_ops);
        auto const held = open(late);
        CHECK(next(w) == said("created", late));
        late.defunct = true;
        CHECK(told(w.poll()).empty());
        CHECK(next(w) == said("defunct", late));
    }
    CHECK(open_descriptors().size() <= descriptors);
}

TEST_CASE_FIXTURE(watched_machine, "a wait ends with the first change, or with its limit") {
    auto w = started();
    auto const start = call::now();
    CHECK(told(w.wait(2500ms)).empty());
    CHECK(call::now() - start == 2500ms);
    auto& l = add();
    CHECK(told(w.wait(10s)) == said("created", l));
    CHECK(call::now() - start == 3s);
    CHECK(told(w.wait(-1s)).empty());
    CHECK(call::now() - start == 3s);
    auto& more = add();
    CHECK(told(w.wait(std::chrono::milliseconds::max())) == said("created", more));
    fake::link* later = nullptr; // seen by the second look, after one that saw nothing
    before(call::wait_any, [&] { later = &add(); }, 2);
    auto const late = told(w.wait(std::chrono::milliseconds::max()));
    REQUIRE(later);
    CHECK(late == said("created", *later));
}

TEST_CASE_FIXTURE(watched_machine, "events come one after another, with errors among them") {
    auto w = started();
    std::vector<std::string> all;
    auto& first = add();
    auto& second = add();
    std::string third;
    for (auto&& e : w.events()) {
        all.push_back(e ? to_string(e->what) + ' ' + std::to_string(e->now.id.value()) : "error");
        if (all.size() == 2) {
            third = said("created", add());
            fail_always(call::link_create, ENOMEM);
            fail_always(call::link_get_next_id, ENOMEM);
        }
        if (all.size() == 3) mend();
        if (all.size() == 4) break;
    }
    CHECK(all == std::vector{said("created", first), said("created", second), std::string{"error"},
                             third});
}

TEST_CASE_FIXTURE(watched_machine, "what a range of events has not come to is told next, once") {
    auto w = started();
    auto const& first = add();
    auto const& second = add();
    auto const& third = add();
    auto const one_of = [&] {
        for (auto&& e : w.events())
            return told(std::span{&*e, 1});
        return std::string{};
    };
    CHECK(one_of() == said("created", first)); // and the range is left
    SUBCASE("by poll") {
        CHECK(told(w.poll()) == said("created", second) + ", " + said("created", third));
    }
    SUBCASE("by another range") {
        CHECK(one_of() == said("created", second));
        CHECK(one_of() == said("created", third));
    }
    SUBCASE("by a range, and poll within it") {
        for (auto&& e : w.events()) {
            CHECK(e->now.id.value() == second.id());
            CHECK(told(w.poll()) == said("created", third));
            auto const& fourth = add();
            CHECK(next(w) == said("created", fourth));
            break;
        }
    }
    SUBCASE("by the watcher that this one is moved to") {
        auto moved = std::move(w);
        CHECK_FALSE(w.poll());
        CHECK(told(moved.poll()) == said("created", second) + ", " + said("created", third));
        w = std::move(moved);
    }
    CHECK(told(w.poll()).empty());
    CHECK(next(w).empty());
}

TEST_CASE_FIXTURE(watched_machine, "a look that failed loses nothing") {
    auto& stays = add();
    auto& goes = add();
    auto const removed = said("removed", goes);
    auto w = started();
    auto& comes = add();
    let_go(goes);
    stays.prog = other.shared_from_this();
    auto const all = said("updated", stays) + ", " + removed + ", " + said("created", comes);
    for (auto const what : any_calls{call::iter_create, call::link_create}) {
        for (int const number : {ENOMEM, EPERM, EMFILE}) {
            fail_always(what, number);
            fail_always(call::link_get_next_id, number);
            pass(1s);
            auto const failed = w.poll();
            REQUIRE_FALSE(failed);
            CHECK(failed.error().code().value() == number);
            mend();
            CHECK(told(w.poll()).empty()); // not before it is time: a loop does not spin
        }
    }
    CHECK(next(w) == all);
    CHECK(next(w).empty());
}

TEST_CASE("where a call fails, a watcher reports the change all the same, by the next look") {
    for (int const number : {EPERM, ENOMEM, EMFILE, ENFILE, ENOBUFS, ENOSPC}) {
        for (int nth = 1;; ++nth) {
            INFO(number, " at call ", nth);
            watched_machine m;
            static_cast<void>(m.add());
            auto w = watched_machine::started();
            auto& l = m.add(link_type::struct_ops);
            auto const held = m.open(l);
            m.pass(1s);
            m.fail_any(number, nth);
            auto const first = told(w.poll());
            bool const failed = m.has_failed();
            m.mend();
            INFO(number, " at call ", nth, ": ", first);
            auto const created = said("created", l);
            if (first != created) CHECK(m.next(w) == created);
            CHECK(m.next(w).empty());
            if (!failed) break;
        }
    }
}

TEST_CASE("where a call fails, a watcher that does not start leaves nothing open") {
    for (int const number : {EPERM, ENOMEM, EMFILE, ENFILE, EAFNOSUPPORT, ENOSPC}) {
        for (int nth = 1;; ++nth) {
            watched_machine m;
            auto& l = m.add();
            m.fail_any(number, nth);
            auto w = bl::watcher::start();
            bool const failed = m.has_failed();
            m.mend();
            INFO(number, " at call ", nth);
            if (w) {
                l.defunct = true;
                CHECK(m.next(*w) == said("defunct", l));
            } else {
                CHECK(w.error().code().value() == number);
            }
            if (!failed) break;
        }
    }
}

TEST_CASE("where memory runs out, a watcher reports the change by the next look") {
    starve::each_allocation<watched_machine>(
        [](watched_machine& m) {
            auto w = [] {
                starve::fed const fed;
                return watched_machine::started();
            }();
            auto const created = [&] {
                starve::fed const fed;
                return said("created", m.add());
            }();
            m.pass(1s);
            bool is_told = false;
            try {
                auto const events = w.poll();
                is_told = events && !events->empty();
            } catch (std::bad_alloc const&) {
            }
            starve::fed const fed;
            if (!is_told) CHECK(m.next(w) == created);
            CHECK(m.next(w).empty());
            return 0;
        },
        [](watched_machine&, bool) {});
}

TEST_CASE_FIXTURE(watched_machine, "without netlink, interfaces' ends are told by the period") {
    fail(call::open_device_news, EAFNOSUPPORT);
    auto& l = add();
    auto w = started();
    REQUIRE(w.why_not_woken());
    check_error(*w.why_not_woken(), EAFNOSUPPORT, bl::operation::poll, bl::errc::not_supported,
                {"netlink", "AF_NETLINK"});
    l.defunct = true;
    CHECK(told(w.poll()).empty());
    CHECK(next(w) == said("defunct", l));
    auto const woken = started();
    CHECK_FALSE(woken.why_not_woken());
}

TEST_CASE_FIXTURE(watched_machine, "without the iterator a watcher walks, and says so") {
    auto w = started({.preferred = bl::snapshot_source::walk});
    CHECK(w.source() == bl::snapshot_source::walk);
    auto& l = add();
    CHECK(next(w) == said("created", l));
    CHECK(calls(call::iter_create) == 0);
    auto iterating = started();
    CHECK(iterating.source() == bl::snapshot_source::iterator);
    fail_always(call::iter_create, EINVAL);
    auto& m = add();
    CHECK(next(iterating) == said("created", m));
    CHECK(iterating.source() == bl::snapshot_source::walk);
    CHECK(iterating.why_walked());
    mend();
    CHECK(next(iterating).empty());
    CHECK_FALSE(iterating.why_walked());
}

TEST_CASE_FIXTURE(
    watched_machine,
    "a link that may not be looked at comes and goes by its id, and changes once it may") {
    auto& first = add();
    auto w = started({.preferred = bl::snapshot_source::walk});
    fail(call::link_get_fd_by_id, EPERM);
    CHECK(next(w).empty()); // it is known from before
    CHECK(next(w).empty());
    auto& second = add();
    fail(call::link_get_fd_by_id, EPERM, 2);
    CHECK(next(w) == said("created", second));
    pass(1s);
    auto const events = w.poll(); // now it may
    REQUIRE(succeeded(events));
    REQUIRE(events->size() == 1);
    CHECK(events->front().what == link_change::updated);
    CHECK(events->front().before == bl::link_record{.id = bl::link_id{second.id()}});
    CHECK(events->front().now.program == bl::program_id{prog.id});
    CHECK(next(w).empty());
    second.prog = other.shared_from_this();
    CHECK(next(w) == said("updated", second));
    fail(call::link_get_fd_by_id, EPERM, 1);
    first.defunct = true;
    CHECK(next(w).empty());
    CHECK(next(w) == said("defunct", first));
    auto const removed = said("removed", first);
    let_go(first);
    fail_always(call::link_get_fd_by_id, EPERM);
    CHECK(next(w) == removed);
    auto& third = add();
    CHECK(next(w) == said("created", third));
    auto const unseen = said("removed", third);
    let_go(third);
    CHECK(next(w) == unseen);
}

TEST_CASE_FIXTURE(watched_machine,
                  "a link that was there by its id alone is told as soon as it may be looked at") {
    auto& l = add();
    fail(call::link_get_fd_by_id, EPERM);
    auto w = started({.preferred = bl::snapshot_source::walk});
    SUBCASE("attached") {
        CHECK(next(w) == said("updated", l));
    }
    SUBCASE("defunct by then") {
        l.defunct = true;
        CHECK(next(w) == said("defunct", l));
    }
    CHECK(next(w).empty());
}

TEST_CASE_FIXTURE(watched_machine,
                  "the end of a struct_ops link that was seen by its id first is seen early") {
    auto& l = add(link_type::struct_ops);
    auto const owned = open(l);
    fail(call::link_get_fd_by_id, EPERM);
    auto w = started({.preferred = bl::snapshot_source::walk});
    CHECK(next(w) == said("updated", l));
    l.defunct = true;
    CHECK(told(w.poll()) == said("defunct", l));
}

TEST_CASE_FIXTURE(watched_machine, "a period of 0 or less is a mistake") {
    for (auto const period : {0ms, -1ms}) {
        auto const w = bl::watcher::start({.period = period});
        REQUIRE_FALSE(w);
        check_error(w.error(), EINVAL, bl::operation::poll, bl::errc::invalid_argument,
                    {"the period is not longer than 0"});
    }
    CHECK(system_calls() == 0);
}

TEST_CASE_FIXTURE(watched_machine, "a watcher that is moved goes on") {
    auto first = started();
    auto& l = add();
    auto second = std::move(first);
    CHECK(next(second) == said("created", l));
    static_assert(!std::is_copy_constructible_v<bl::watcher>);
}

TEST_CASE_FIXTURE(watched_machine, "a poll that nothing is due for makes one system call") {
    auto w = started();
    forget_calls();
    CHECK(told(w.poll()).empty());
    CHECK(system_calls() == 1);
}

TEST_CASE("each change has its name") {
    CHECK(to_string(link_change::created) == "created");
    CHECK(to_string(link_change::removed) == "removed");
    CHECK(to_string(link_change::updated) == "updated");
    CHECK(to_string(link_change::defunct) == "defunct");
    CHECK(to_string(link_change{9}) == "unknown(9)");
}
