// SPDX-License-Identifier: Apache-2.0
// Links that are attached together: all of them or none, whatever was there and whatever fails.
#include "machine.hpp"
#include "starve.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using bl::errc;
using bl::link_type;
using bl::operation;
using bl::program_type;
using bl::step_kind;
using xdp_program = typed_program<program_type::xdp>;
using tracepoint_program = typed_program<program_type::raw_tracepoint>;

constexpr bl::hook::xdp on(unsigned index) {
    return {.ifindex = bl::ifindex{index}};
}
constexpr std::string_view directory = "/bpf/set";

/// Three members: one whose program can be swapped, one whose link is replaced, and one more.
struct world : machine {
    fake::program& x1 = add_program(program_type::xdp);
    fake::program& x2 = add_program(program_type::xdp);
    fake::program& t1 = add_program(program_type::raw_tracepoint);
    fake::program& t2 = add_program(program_type::raw_tracepoint);
    xdp_program old_xdp{{open(x1)}};
    xdp_program new_xdp{{open(x2)}};
    tracepoint_program old_trace{{open(t1)}};
    tracepoint_program new_trace{{open(t2)}};

    [[nodiscard]] bl::link_set opened(bl::ensure_options options = {}) {
        auto set = bl::link_set::open(directory, options);
        REQUIRE(succeeded(set));
        return *std::move(set);
    }
    void want_all(bl::link_set& set) {
        set.want("a", new_xdp, on(2))
            .want("b", new_trace, bl::hook::raw_tracepoint{"sys_enter"})
            .want("c", new_xdp, on(3));
    }
    fake::link& pinned(std::string const& name, fake::link_facts facts) {
        if (!has_path(std::string{directory})) make_directory(std::string{directory});
        auto& made = add_link(std::move(facts));
        pin(std::string{directory} + "/" + name, made);
        let_go(made);
        return made;
    }
    fake::link& pinned_xdp(std::string const& name, std::uint32_t index) {
        return pinned(name, {.type = link_type::xdp, .prog = &x1, .target = index});
    }
    fake::link& pinned_trace(std::string const& name) {
        return pinned(name, {.type = link_type::raw_tracepoint, .prog = &t1, .name = "sys_enter"});
    }

    /// Name, id and program of what is pinned in the directory.
    using sight = std::map<std::string, std::pair<std::uint32_t, std::uint32_t>>;
    [[nodiscard]] sight seen() {
        sight all;
        if (!has_path(std::string{directory})) return all;
        for (auto const& name : names_in(std::string{directory})) {
            auto const id = link_at(std::string{directory} + "/" + name);
            auto* const there = id ? find_link(id) : nullptr;
            all[name] = {id, there ? there->prog->id : 0};
        }
        return all;
    }
    [[nodiscard]] std::vector<std::uint32_t> links_here() {
        std::vector<std::uint32_t> ids;
        for (auto const& [id, each] : links_)
            if (!each.expired()) ids.push_back(id);
        return ids;
    }
    void check_is_so() {
        auto const now = seen();
        REQUIRE(now.size() == 3);
        CHECK(now.at("a").second == x2.id);
        CHECK(now.at("b").second == t2.id);
        CHECK(now.at("c").second == x2.id);
        CHECK(links_here().size() == 3);
        CHECK_FALSE(is_locked(std::string{directory}));
    }
};

std::vector<step_kind> kinds_of(std::vector<bl::set_step> const& steps) {
    std::vector<step_kind> kinds;
    for (auto const& each : steps)
        kinds.push_back(each.what);
    return kinds;
}

template <class R>
void check_steps(R const& steps, std::vector<step_kind> const& wanted) {
    REQUIRE(succeeded(steps));
    CHECK(kinds_of(*steps) == wanted);
}

bl::result<std::vector<bl::set_step>> applied(bl::link_set& set) {
    return set.apply().map([](bl::set_report&& report) { return std::move(report.steps); });
}

constexpr auto create = step_kind::create, update = step_kind::update, keep = step_kind::keep,
               recreate = step_kind::recreate, removed = step_kind::remove,
               left_out = step_kind::left_out;

} // namespace

TEST_CASE("a step is printed as a person would write it") {
    std::ostringstream out;
    out << bl::set_step{"in", update, "link 12 runs program 7"} << '|'
        << bl::set_step{"eg", keep, ""} << '|' << bl::set_step{"t", left_out, "no such function"}
        << '|' << left_out;
    CHECK(out.str() == "update in: link 12 runs program 7|keep eg|"
                       "leave out t: no such function|left_out");
}

TEST_CASE_FIXTURE(world, "nothing there: the plan changes nothing, apply makes it, and keeps it") {
    auto set = opened();
    want_all(set);
    CHECK(set.size() == 3);
    check_steps(set.plan(), {create, create, create});
    CHECK_FALSE(has_path(std::string{directory}));
    CHECK(links_here().empty());
    check_steps(applied(set), {create, create, create});
    CHECK(permissions_of(std::string{directory}).mode == 0700);
    check_is_so();
    REQUIRE(set.find("b"));
    REQUIRE(set.find("b")->link());
    CHECK(set.find("b")->link()->pinned_path() == "/bpf/set/b");
    CHECK(set.find("z") == nullptr);
    auto const before = seen();
    forget_calls();
    check_steps(applied(set), {keep, keep, keep});
    check_steps(set.plan(), {keep, keep, keep});
    for (auto const change :
         any_calls{call::link_create, call::obj_pin, call::rename, call::unlink, call::link_detach,
                   call::make_directory, call::raw_tracepoint_open})
        CHECK(calls(change) == 0);
    CHECK(seen() == before);
}

TEST_CASE_FIXTURE(world, "what is there is updated, recreated and kept, and strays go last") {
    pinned_xdp("a", 2);
    pinned_trace("b");
    pinned_xdp("c", 3).defunct = true;
    pinned_xdp("old", 4);
    pinned_xdp("b%tmp", 5);
    pin("/bpf/set/map", add_map());
    auto& elsewhere = add_link({.type = link_type::xdp, .prog = &x1, .target = 9});
    pin("/bpf/theirs", elsewhere);
    auto set = opened();
    want_all(set);
    check_steps(set.plan(), {update, update, recreate, removed, removed});
    check_steps(applied(set), {update, update, recreate, removed, removed});
    CHECK(has_path("/bpf/set/map"));
    CHECK(link_at("/bpf/theirs") == elsewhere.id());
    remove("/bpf/set/map");
    remove("/bpf/theirs");
    let_go(elsewhere);
    check_is_so();
}

TEST_CASE_FIXTURE(world, "a failing member in each position leaves what was there") {
    for (bool const was_there : {false, true})
        for (bool const overlap : {true, false})
            for (int position = 0; position != 4; ++position) {
                CAPTURE(was_there);
                CAPTURE(overlap);
                CAPTURE(position);
                world w;
                w.interfaces[7] = "eth7";
                if (was_there) {
                    w.pinned_xdp("a", 2);
                    w.pinned_trace("b");
                    w.pinned_xdp("c", 3);
                }
                w.pinned_xdp("old", 4);
                auto& taken = w.add_link({.type = link_type::xdp, .prog = &w.x1, .target = 7});
                w.pin("/bpf/theirs", taken);
                auto const before = w.seen();
                auto set = w.opened({.overlap = overlap});
                for (int i = 0; i != 4; ++i) {
                    if (i == position) set.want("bad", w.new_xdp, on(7)); // somebody has it
                    if (i == 0) set.want("a", w.new_xdp, on(2));
                    if (i == 1) set.want("b", w.new_trace, bl::hook::raw_tracepoint{"sys_enter"});
                    if (i == 2) set.want("c", w.new_xdp, on(3));
                }
                auto const done = set.apply();
                REQUIRE_FALSE(done);
                CAPTURE(done.error().message());
                CHECK(done.error() == errc::hook_busy);
                CHECK(done.error().message().find("\"bad\"") != std::string::npos);
                auto after = w.seen();
                if (was_there && !overlap && position > 1) // it was ended before the new one
                    after["b"].first = before.at("b").first;
                CHECK(after == before);
                CHECK(w.links_here().size() == before.size() + 1);
            }
}

// Each call fails once with each errno: all is so, or as it was; or, where going back failed too,
// that is said, and the next apply makes it so.
TEST_CASE("whatever call fails, all is made or nothing is, and the next apply makes it") {
    for (bool const was_there : {false, true})
        for (int const number : {EPERM, ENOENT, EINVAL, EBUSY, EEXIST, ENOMEM})
            for (int nth = 1;; ++nth) {
                world w;
                if (was_there) {
                    w.pinned_xdp("a", 2);
                    w.pinned_trace("b");
                    w.pinned_xdp("old", 4);
                }
                auto& theirs = w.add_link({.type = link_type::xdp, .prog = &w.x1, .target = 8});
                w.pin("/bpf/theirs", theirs);
                w.let_go(theirs);
                auto const before = w.seen();
                auto set = w.opened({.wait = std::chrono::milliseconds{20}});
                w.want_all(set);
                w.fail_any(number, nth);
                auto const done = set.apply();
                bool const has_failed = w.has_failed();
                w.mend();
                CAPTURE(was_there);
                CAPTURE(number);
                CAPTURE(nth);
                auto const text = done ? std::string{} : done.error().message();
                CAPTURE(text);
                auto const says = [&](std::string_view words) {
                    return text.find(words) != std::string::npos;
                };
                if (!done && !says("all members are as they are wanted") &&
                    !says("undoing member") && !says("failed"))
                    CHECK(w.seen() == before);
                CHECK(w.link_at("/bpf/theirs") == theirs.id());
                REQUIRE(succeeded(set.apply()));
                w.remove("/bpf/theirs");
                w.check_is_so();
                if (!has_failed) break;
            }
}

TEST_CASE("want of memory leaves what was there") {
    struct stage : world {
        std::optional<bl::link_set> set;
        sight before;
        stage() {
            pinned_xdp("a", 2);
            pinned_trace("b");
            before = seen();
            set.emplace(opened());
            want_all(*set);
        }
    };
    starve::each_allocation<stage>(
        [](stage& w) {
            auto const done = w.set->apply();
            starve::fed const fed;
            return static_cast<bool>(done);
        },
        [](stage& w, bool all_well) {
            auto const now = w.seen();
            bool const is_so = now.size() == 3 && now.at("b").second == w.t2.id;
            CHECK((is_so || now == w.before));
            if (all_well) CHECK(is_so);
            w.set.reset();
        });
}

TEST_CASE_FIXTURE(world, "an optional member is left out where its target is missing") {
    auto set = opened();
    set.want_optional("t", new_trace, bl::hook::raw_tracepoint{"sys_enter"})
        .want("a", new_xdp, on(2));
    fail(call::raw_tracepoint_open, ENOENT);
    check_steps(applied(set), {left_out, create});
    CHECK(set.find("t")->link() == nullptr);
    CHECK_FALSE(set.find("t")->why().empty());
    CHECK(seen().size() == 1);
    check_steps(applied(set), {create, keep});
    CHECK(set.find("t")->link() != nullptr);
    CHECK(set.find("t")->why().empty());
}

TEST_CASE_FIXTURE(world, "another failure of an optional member is the set's") {
    auto set = opened();
    set.want("a", new_xdp, on(2))
        .want_optional("t", new_trace, bl::hook::raw_tracepoint{"sys_enter"});
    fail(call::raw_tracepoint_open, EINVAL);
    CHECK_FALSE(set.apply());
    CHECK(links_here().empty());
}

TEST_CASE_FIXTURE(world, "the first candidate that is there is taken, and takes over the pin") {
    auto const trace = bl::candidate(new_trace, bl::hook::raw_tracepoint{"sys_enter"});
    auto const net = bl::candidate(new_xdp, on(2));
    auto set = opened();
    set.want_one_of("one", {trace, net});
    fail(call::raw_tracepoint_open, ENOENT);
    check_steps(applied(set), {create});
    CHECK(seen().at("one").second == x2.id);
    CHECK(set.find("one")->why().empty());
    check_steps(set.plan(), {update});
    check_steps(applied(set), {update});
    CHECK(seen().at("one").second == t2.id);
    CHECK(links_here().size() == 1);
    check_steps(applied(set), {keep});
}

TEST_CASE_FIXTURE(world, "of candidates that may not overlap, one that is missing ends no other") {
    for (bool const has_directory : {true, false}) {
        CAPTURE(has_directory);
        auto set = has_directory ? opened({.overlap = false}) : bl::link_set{{.overlap = false}};
        set.want_one_of("one", {bl::candidate(new_trace, bl::hook::raw_tracepoint{"sys_enter"}),
                                bl::candidate(new_xdp, on(9)), bl::candidate(new_xdp, on(2))});
        fail_always(call::raw_tracepoint_open, ENOENT);
        fail(call::link_create, ENODEV);
        check_steps(applied(set), {create});
        auto const before = links_here();
        check_steps(applied(set), {keep});
        CHECK(links_here() == before);
        mend();
        check_steps(applied(set), {update}); // it is there by now
        CHECK(links_here().size() == 1);
        CHECK(links_here() != before);
        REQUIRE(succeeded(set.teardown()));
    }
}

TEST_CASE_FIXTURE(world, "a plan leaves out what is on an interface that is not there") {
    auto set = opened();
    set.want_optional("a", new_xdp, on(9)).want("c", new_xdp, on(3));
    auto const plan = set.plan();
    check_steps(plan, {left_out, create});
    CHECK(plan->front().why.find("interface 9") != std::string::npos);
    set.want("b", new_xdp, on(8));
    auto const refused = set.plan();
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::not_found);
    CHECK(refused.error().message().find("\"b\"") != std::string::npos);
}

TEST_CASE_FIXTURE(world, "a member with another name keeps the link at a place that takes one") {
    auto& kept = pinned_xdp("a", 2);
    auto& updated = pinned_xdp("c", 3);
    kept.prog = x2.shared_from_this();
    auto const first = kept.id(), second = updated.id();
    auto const want = [&](bl::link_set& set) {
        set.want("in", new_xdp, on(2)).want("out", new_xdp, on(3));
    };
    auto set = opened();
    want(set);
    auto const plan = set.plan();
    check_steps(plan, {keep, update});
    CHECK(to_string(plan->front()) == "keep in: renamed from a");
    CHECK(seen().contains("a"));
    SUBCASE("it is renamed") {
        auto const done = applied(set);
        check_steps(done, {keep, update});
        CHECK(to_string(done->front()) == to_string(plan->front()));
        CHECK(to_string(done->back()) == to_string(plan->back()));
        CHECK(set.find("in")->link()->pinned_path() == "/bpf/set/in");
    }
    SUBCASE("going back, the names come back") {
        auto const before = seen();
        set.want("bad", old_trace, bl::hook::raw_tracepoint{"sched_switch"});
        fail(call::raw_tracepoint_open, EINVAL);
        auto const done = applied(set);
        REQUIRE_FALSE(done);
        CHECK(done.error().message().find("undoing") == std::string::npos);
        CHECK(seen() == before);
        CHECK(set.find("in")->link() == nullptr);
        auto next = opened();
        want(next);
        check_steps(applied(next), {keep, update});
    }
    CHECK(seen() == sight{{"in", {first, x2.id}}, {"out", {second, x2.id}}});
}

// Each call fails once: all is so, or as it was, under the old name. EINVAL would say that the
// descriptor of the library's own program is another's by now, which it leaves open.
TEST_CASE("whatever call fails, a member with another name has its link under one of them") {
    for (int const number : {EPERM, ENOENT, EBUSY, EEXIST, ENOMEM})
        for (int nth = 1;; ++nth) {
            CAPTURE(number);
            CAPTURE(nth);
            world w;
            auto const id = w.pinned_xdp("a", 2).id();
            auto set = w.opened({.wait = std::chrono::milliseconds{20}});
            set.want("in", w.new_xdp, on(2))
                .want("b", w.new_trace, bl::hook::raw_tracepoint{"sys_enter"});
            w.fail_any(number, nth);
            auto const done = set.apply();
            bool const has_failed = w.has_failed();
            w.mend();
            auto const text = done ? std::string{} : done.error().message();
            CAPTURE(text);
            bool const is_told = text.find("undoing") != std::string::npos ||
                                 text.find("all members are") != std::string::npos;
            if (!done && !is_told) CHECK(w.seen() == world::sight{{"a", {id, w.x1.id}}});
            REQUIRE(succeeded(set.apply()));
            CHECK(w.seen().at("in").second == w.x2.id);
            CHECK(w.seen().size() == 2);
            if (!has_failed) break;
        }
}

TEST_CASE_FIXTURE(world, "where no candidate is there, apply fails and says why of the last") {
    auto set = opened();
    set.want("a", new_xdp, on(2))
        .want_one_of("one", {bl::candidate(new_trace, bl::hook::raw_tracepoint{"sys_enter"}),
                             bl::candidate(old_trace, bl::hook::raw_tracepoint{"sched_switch"})});
    fail_always(call::raw_tracepoint_open, ENOENT);
    auto const done = set.apply();
    REQUIRE_FALSE(done);
    CHECK(done.error() == errc::not_found);
    CHECK(done.error().message().find("\"one\"") != std::string::npos);
    CHECK(links_here().empty());
}

TEST_CASE_FIXTURE(world, "fewer than at_least undo all") {
    auto set = opened();
    set.want("a", new_xdp, on(2))
        .want_optional("t", new_trace, bl::hook::raw_tracepoint{"sys_enter"})
        .want_optional("u", old_trace, bl::hook::raw_tracepoint{"sched_switch"})
        .at_least(1, {"t", "u"});
    fail_always(call::raw_tracepoint_open, ENOENT);
    auto const done = set.apply();
    REQUIRE_FALSE(done);
    CHECK(done.error() == errc::not_supported);
    CHECK(links_here().empty());
    mend();
    fail(call::raw_tracepoint_open, ENOENT);
    check_steps(applied(set), {create, left_out, create});
}

TEST_CASE_FIXTURE(world, "at_least that can never be is told before anything is done") {
    auto const refuses = [&](std::size_t count, std::vector<std::string> names,
                             std::string_view words) {
        CAPTURE(words);
        auto set = opened();
        set.want("a", new_xdp, on(2)).want("c", new_xdp, on(3));
        set.at_least(count, std::move(names));
        forget_calls();
        for (auto const& why : {set.plan().error(), set.apply().error()}) {
            CHECK(why == errc::invalid_argument);
            CHECK(why.message().find(words) != std::string::npos);
        }
        CHECK(system_calls() == 0);
    };
    refuses(1, {"a", "nobody"}, "\"nobody\"");
    refuses(2, {"a", "a"}, "twice");
    refuses(3, {"a", "c"}, "3 of them");
    refuses(1, {}, "1 of them");
    auto set = opened();
    set.want("a", new_xdp, on(2)).at_least(0, {}).at_least(0, {"a"}).at_least(1, {"a"});
    check_steps(applied(set), {create});
}

TEST_CASE_FIXTURE(world, "a set without wants makes no directory") {
    auto set = opened();
    check_steps(set.plan(), {});
    check_steps(applied(set), {});
    CHECK_FALSE(has_path(std::string{directory}));
    bl::link_set nowhere;
    check_steps(applied(nowhere), {});
}

TEST_CASE_FIXTURE(world, "a set that was moved from is empty, and takes wants again") {
    auto set = opened();
    set.want("a", new_xdp, on(2)).want("a", new_xdp, on(3)).at_least(1, {"nobody"});
    bl::link_set const moved{std::move(set)};
    CHECK_FALSE(moved.plan());
    for (int i = 0; i != 2; ++i) {
        CHECK(set.size() == 0);
        check_steps(set.plan(), {});
        check_steps(applied(set), {});
        set = bl::link_set{};
    }
    set.want("a", new_xdp, on(2));
    check_steps(applied(set), {create});
    auto& same = set;
    set = std::move(same);
    CHECK(set.size() == 1);
    CHECK(links_here().size() == 1);
    set = opened();
    CHECK(links_here().empty());
}

TEST_CASE_FIXTURE(world,
                  "a pin that somebody removed comes back, and its link stays all the time") {
    auto set = opened();
    want_all(set);
    check_steps(applied(set), {create, create, create});
    auto const before = seen();
    for (auto const* const name : {"a", "b", "c"})
        remove("/bpf/set/" + std::string{name});
    auto const plan = set.plan();
    check_steps(plan, {keep, keep, keep});
    CHECK(to_string(plan->front()).find("has lost its pin") != std::string::npos);
    CHECK(seen().empty());
    check_steps(applied(set), {keep, keep, keep});
    CHECK(seen() == before);
    check_is_so();
    SUBCASE("with the directory") {
        for (auto const* const name : {"a", "b", "c"})
            remove("/bpf/set/" + std::string{name});
        remove(std::string{directory});
        check_steps(applied(set), {keep, keep, keep});
        CHECK(seen() == before);
    }
    SUBCASE("another program that somebody swapped in goes") {
        remove("/bpf/set/a");
        find_link(before.at("a").first)->prog = x1.shared_from_this();
        check_steps(applied(set), {update, keep, keep});
        CHECK(seen() == before);
    }
    SUBCASE("another link is at the pin") {
        remove("/bpf/set/b");
        auto const theirs = pinned_trace("b").id();
        check_steps(applied(set), {keep, update, keep});
        CHECK(seen().at("b").second == t2.id);
        CHECK(seen().at("b").first != theirs);
        check_is_so();
    }
    SUBCASE("a link that has lost its place too is made anew") {
        remove("/bpf/set/a");
        find_link(before.at("a").first)->defunct = true;
        check_steps(applied(set), {create, keep, keep});
        check_is_so();
    }
}

TEST_CASE_FIXTURE(world,
                  "of the links that a set holds it knows the place, where nothing tells it") {
    auto set = opened();
    want_all(set);
    check_steps(applied(set), {create, create, create});
    auto const before = seen();
    fail_always(call::load_object, EPERM); // nothing tells the namespace of an interface
    check_steps(set.plan(), {keep, keep, keep});
    check_steps(applied(set), {keep, keep, keep});
    remove("/bpf/set/a");
    check_steps(applied(set), {keep, keep, keep});
    CHECK(seen() == before);
    auto fresh = opened();
    want_all(fresh);
    CHECK(fresh.plan().error() == errc::already_exists);
    CHECK(fresh.apply().error() == errc::already_exists);
    SUBCASE("another link at the pin is not one of them") {
        remove("/bpf/set/a");
        pinned_xdp("a", 2);
        CHECK(set.apply().error() == errc::already_exists);
    }
}

TEST_CASE_FIXTURE(world, "going back takes away again a pin that somebody had removed") {
    auto set = opened();
    set.want("a", new_xdp, on(2)).want("b", new_trace, bl::hook::raw_tracepoint{"sys_enter"});
    check_steps(applied(set), {create, create});
    auto const before = links_here();
    remove("/bpf/set/a");
    auto const left = seen();
    set.want("bad", old_trace, bl::hook::raw_tracepoint{"sched_switch"});
    fail(call::raw_tracepoint_open, EINVAL);
    CHECK_FALSE(set.apply());
    CHECK(seen() == left);
    CHECK(links_here() == before); // by the handle
    check_steps(applied(set), {keep, keep, create});
}

TEST_CASE_FIXTURE(world, "teardown ends links whose pins somebody removed") {
    auto set = opened();
    want_all(set);
    check_steps(applied(set), {create, create, create});
    remove("/bpf/set/b");
    SUBCASE("one pin") {
    }
    SUBCASE("all, and the directory") {
        remove("/bpf/set/a");
        remove("/bpf/set/c");
        remove(std::string{directory});
    }
    auto const ends = set.teardown();
    REQUIRE(succeeded(ends));
    CHECK(ends->size() == 3);
    CHECK(links_here().empty());
    CHECK(set.find("b")->link() == nullptr);
}

TEST_CASE("want of memory leaves the links of a set without a directory as they were") {
    struct stage : world {
        bl::link_set set;
        std::vector<std::uint32_t> before;
        stage() {
            set.want("a", new_xdp, on(2))
                .want_one_of("b",
                             {bl::candidate(new_trace, bl::hook::raw_tracepoint{"none"}),
                              bl::candidate(old_trace, bl::hook::raw_tracepoint{"sched_switch"})});
            fail(call::raw_tracepoint_open, ENOENT);
            REQUIRE(succeeded(set.apply()));
            before = links_here();
            REQUIRE(before.size() == 2);
            find_link(before.front())->prog = x1.shared_from_this(); // somebody swapped it
            set.want("c", new_xdp, on(3));
        }
    };
    starve::each_allocation<stage>(
        [](stage& w) {
            w.fail(call::raw_tracepoint_open, ENOENT);
            auto const done = w.set.apply();
            starve::fed const fed;
            return static_cast<bool>(done);
        },
        [](stage& w, bool all_well) {
            w.mend();
            auto const now = w.links_here();
            bool const is_done = w.find_link(now.front())->prog.get() == &w.x2;
            CHECK(now.size() == (is_done ? 3 : 2));
            CHECK(std::equal(w.before.begin(), w.before.end(), now.begin()));
            CHECK((w.set.find("c")->link() != nullptr) == is_done);
            CHECK(w.set.find("a")->link() != nullptr);
            CHECK(w.set.find("b")->link() != nullptr);
            if (all_well) CHECK(is_done);
        });
}

TEST_CASE("a member that is left out has no link, with a directory or without") {
    for (bool const has_directory : {true, false}) {
        CAPTURE(has_directory);
        world w;
        auto set = has_directory ? w.opened() : bl::link_set{};
        set.want_optional("t", w.new_xdp, on(2));
        check_steps(applied(set), {create});
        w.find_link(w.links_here().front())->defunct = true; // its interface is gone
        w.fail(call::link_create, ENODEV);
        check_steps(applied(set),
                    has_directory ? std::vector{left_out, removed} : std::vector{left_out});
        CHECK(set.find("t")->link() == nullptr);
        CHECK(w.links_here().empty());
    }
}

TEST_CASE_FIXTURE(world, "the mistakes of wants are told by plan and apply") {
    auto set = opened();
    set.want("a", new_xdp, on(2)).want("a", new_xdp, on(3));
    for (auto const& why : {set.plan().error(), set.apply().error()}) {
        CHECK(why == errc::invalid_argument);
        CHECK(why.message().find("\"a\"") != std::string::npos);
    }
    CHECK(links_here().empty());
}

TEST_CASE_FIXTURE(world, "a set owns what it was given") {
    auto set = opened();
    {
        xdp_program const passing{{open(x2)}};
        std::string const name{"sys_enter"};
        set.want("a", passing, on(2)).want("b", new_trace, bl::hook::raw_tracepoint{name});
    }
    check_steps(applied(set), {create, create});
}

TEST_CASE_FIXTURE(world, "a descriptor that cannot be duplicated is told, with the member") {
    auto set = opened();
    fail(call::duplicate, EMFILE);
    set.want("a", new_xdp, on(2));
    auto const done = set.apply();
    REQUIRE_FALSE(done);
    CHECK(done.error().code().value() == EMFILE);
    CHECK(done.error().message().find("\"a\"") != std::string::npos);
}

TEST_CASE_FIXTURE(world, "a set without a directory lives with the object") {
    {
        bl::link_set set;
        set.want("a", new_xdp, on(2)).want("b", new_trace, bl::hook::raw_tracepoint{"sys_enter"});
        check_steps(set.plan(), {create, create});
        check_steps(applied(set), {create, create});
        check_steps(set.plan(), {keep, keep});
        check_steps(applied(set), {keep, keep});
        CHECK(links_here().size() == 2);
        fail_always(call::load_object, EPERM); // nothing tells the namespace of an interface
        check_steps(set.plan(), {keep, keep}); // but the set knows where it made its link
        check_steps(applied(set), {keep, keep});
        bl::link_set moved{std::move(set)};
        CHECK(links_here().size() == 2);
    }
    CHECK(links_here().empty());
    bl::link_set set;
    set.want("a", new_xdp, on(2)).want("b", new_trace, bl::hook::raw_tracepoint{"sys_enter"});
    fail(call::raw_tracepoint_open, EINVAL);
    CHECK_FALSE(set.apply());
    CHECK(links_here().empty());
    check_steps(applied(set), {create, create});
    auto const ends = set.teardown();
    REQUIRE(succeeded(ends));
    CHECK(ends->size() == 2);
    CHECK(links_here().empty());
    CHECK(set.find("a")->link() == nullptr);
}

TEST_CASE_FIXTURE(world, "teardown ends every link of the directory, without wants too") {
    pinned_xdp("a", 2);
    pinned_trace("b");
    pin("/bpf/set/map", add_map());
    auto& theirs = add_link({.type = link_type::xdp, .prog = &x1, .target = 8});
    pin("/bpf/theirs", theirs);
    auto set = opened();
    auto const ends = set.teardown();
    REQUIRE(succeeded(ends));
    CHECK(ends->size() == 2);
    CHECK(names_in(std::string{directory}) == std::vector<std::string>{"map"});
    CHECK(links_here() == std::vector{theirs.id()});
    CHECK(set.teardown()->empty());
    remove("/bpf/set/map");
    remove("/bpf/theirs");
}

TEST_CASE_FIXTURE(world, "what the kernel takes after each end is waited for once") {
    auto const want = [&](bl::link_set& set) {
        for (int i = 0; i != 50; ++i)
            set.want("t" + std::to_string(i), new_trace, bl::hook::raw_tracepoint{"sys_enter"});
    };
    auto set = opened();
    want(set);
    REQUIRE(succeeded(set.apply()));
    auto const begin = bl::sys::now();
    SUBCASE("by teardown") {
        CHECK(set.teardown()->size() == 50);
    }
    SUBCASE("by apply") {
        set = bl::link_set{};
        auto next = opened();
        next.want("a", new_xdp, on(2));
        CHECK(next.apply()->steps.size() == 51);
    }
    auto const passed = bl::sys::now() - begin;
    CHECK(passed >= std::chrono::milliseconds{100});
    CHECK(passed < std::chrono::milliseconds{200});
}

TEST_CASE_FIXTURE(world, "links that wait in the kernel while they close end side by side") {
    for (bool const waits : {true, false})
        for (bool const by_apply : {true, false}) {
            CAPTURE(waits);
            CAPTURE(by_apply);
            auto const type = waits ? link_type::perf_event : link_type::raw_tracepoint;
            for (int i = 0; i != 5; ++i)
                pinned("t" + std::to_string(i), {.type = type, .prog = &t1});
            most_side_by_side = 0;
            auto set = opened();
            if (by_apply)
                CHECK(set.apply()->steps.size() == 5);
            else
                CHECK(set.teardown()->size() == 5);
            CHECK(most_side_by_side == (waits ? 5 : 1));
        }
}

TEST_CASE_FIXTURE(world, "who holds many links is looked for together, and waited for once") {
    auto& daemon = add_process(7, "daemon");
    auto const fill = [&](int count) {
        for (int i = 0; i != count; ++i)
            for (auto* const each :
                 {&pinned_xdp("x" + std::to_string(i), 2), &pinned_trace("t" + std::to_string(i))})
                daemon.links.push_back(each->shared_from_this());
    };
    auto const directories_read = [&](int count, bool by_apply) {
        fill(count);
        auto set = opened();
        if (by_apply) set.want("a", new_xdp, on(3));
        auto const begin = bl::sys::now();
        forget_calls();
        auto const refused =
            by_apply ? set.apply().map([](auto&&) {}) : set.teardown().map([](auto&&) {});
        auto const read = calls(call::list_begin);
        REQUIRE_FALSE(refused);
        CHECK(refused.error() == errc::still_held);
        CHECK(refused.error().message().find("process 7 (daemon)") != std::string::npos);
        CHECK(bl::sys::now() - begin < std::chrono::milliseconds{100});
        auto const left = names_in(std::string{directory});
        CHECK(static_cast<int>(left.size()) == count + by_apply); // the others are off their hooks
        for (auto const& name : left)
            remove(std::string{directory} + "/" + name);
        daemon.links.clear();
        return read;
    };
    for (bool const by_apply : {false, true}) {
        CAPTURE(by_apply);
        auto const of_one = directories_read(1, by_apply);
        CHECK(directories_read(40, by_apply) == of_one);
    }
}

TEST_CASE_FIXTURE(world, "a set follows no symbolic link that has a member's name") {
    auto& theirs = add_link({.type = link_type::xdp, .prog = &x1, .target = 2});
    pin("/bpf/theirs", theirs);
    make_directory(std::string{directory});
    make_symlink(std::string{directory} + "/a", "/bpf/theirs");
    auto set = opened();
    set.want("t", new_trace, bl::hook::raw_tracepoint{"sys_enter"}).want("a", new_xdp, on(2));
    CHECK(set.plan().error() == errc::not_a_link);
    auto const refused = set.apply();
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::not_a_link);
    CHECK(refused.error().message().find("\"a\"") != std::string::npos);
    CHECK(set.teardown()->empty());
    CHECK(theirs.prog->id == x1.id);
    CHECK_FALSE(theirs.defunct);
    CHECK(links_here() == std::vector{theirs.id()});
}

TEST_CASE_FIXTURE(world, "where there are few descriptors, unwanted links go some at a time") {
    auto set = opened();
    set.want("a", new_xdp, on(2));
    check_steps(applied(set), {create});
    for (std::uint32_t i = 3; i != 15; ++i)
        pinned_xdp("b" + std::to_string(i), i);
    auto next = opened();
    next.want("a", new_xdp, on(2));
    // Each pin is opened to see whose it is, and a's twice.
    for (int const nth : {16, 20, 25}) {
        CAPTURE(nth);
        fail(call::obj_get, EMFILE, nth);
        auto const report = next.apply();
        REQUIRE(succeeded(report));
        CHECK(seen().size() == 1);
        if (nth != 25)
            for (std::uint32_t i = 3; i != 15; ++i)
                pinned_xdp("b" + std::to_string(i), i);
    }
}

TEST_CASE_FIXTURE(world, "where there are few descriptors, teardown ends links some at a time") {
    // Each pin is opened to see whose it is: the 14th opening is the second of those that end.
    for (int const nth : {14, 20, 24}) {
        CAPTURE(nth);
        for (std::uint32_t i = 3; i != 15; ++i)
            pinned_xdp("b" + std::to_string(i), i);
        fail(call::obj_get, EMFILE, nth);
        auto const ends = opened().teardown();
        REQUIRE(succeeded(ends));
        CHECK(ends->size() == 12);
        CHECK(seen().empty());
    }
}

TEST_CASE_FIXTURE(world, "a link that was handed on is adopted where nothing is pinned") {
    auto& held = add_link({.type = link_type::xdp, .prog = &x1, .target = 2});
    auto const id = held.id();
    auto handed_on = bl::link::from_fd(open(held));
    REQUIRE(succeeded(handed_on));
    let_go(held);
    SUBCASE("and its program is swapped, and it is pinned") {
        auto set = opened();
        set.want("a", new_xdp, on(2)).adopt("a", *std::move(handed_on));
        auto const plan = set.plan();
        check_steps(plan, {update});
        check_steps(applied(set), {update});
        CHECK(seen().at("a") == std::pair{id, x2.id});
        check_steps(applied(set), {keep});
    }
    SUBCASE("or by a set without a directory") {
        bl::link_set set;
        set.want("a", new_xdp, on(2)).adopt("a", *std::move(handed_on));
        check_steps(applied(set), {update});
        CHECK(links_here() == std::vector{id});
    }
    SUBCASE("but not what is at another place") {
        auto set = opened();
        set.want("a", new_xdp, on(3)).adopt("a", *std::move(handed_on));
        check_steps(set.plan(), {create});
        check_steps(applied(set), {create});
        CHECK(seen().at("a").first != id);
        CHECK_FALSE(exists(bl::link_id{id}));
    }
    SUBCASE("which an apply that fails does not close") {
        auto set = opened();
        set.want("a", new_xdp, on(3))
            .want("b", new_trace, bl::hook::raw_tracepoint{"sys_enter"})
            .adopt("a", *std::move(handed_on));
        fail(call::raw_tracepoint_open, EINVAL);
        CHECK_FALSE(set.apply());
        CHECK(seen().empty());
        CHECK(links_here() == std::vector{id});
        check_steps(applied(set), {create, create});
        CHECK_FALSE(exists(bl::link_id{id}));
    }
    SUBCASE("nor one whose place nothing tells") {
        fail_always(call::load_object, EPERM); // nothing tells the namespace of an interface
        for (bool const has_directory : {false, true}) {
            auto copy = bl::link::duplicate(handed_on->fd());
            REQUIRE(succeeded(copy));
            auto set = has_directory ? opened() : bl::link_set{};
            set.want("a", new_xdp, on(2)).adopt("a", *std::move(copy));
            auto const refused = set.apply();
            REQUIRE_FALSE(refused);
            CHECK(refused.error() == errc::already_exists);
            CHECK(links_here() == std::vector{id}); // it is the set's still
        }
    }
    SUBCASE("a member that has a link adopts no other") {
        auto set = opened();
        set.want("a", new_xdp, on(3));
        check_steps(applied(set), {create});
        set.adopt("a", *std::move(handed_on));
        auto const refused = set.apply();
        REQUIRE_FALSE(refused);
        CHECK(refused.error() == errc::invalid_argument);
        CHECK(seen().size() == 1);
    }
    SUBCASE("and teardown closes what no apply has judged") {
        auto copy = bl::link::duplicate(handed_on->fd());
        REQUIRE(succeeded(copy));
        bl::link_set set;
        set.want("a", new_xdp, on(3)).adopt("a", *std::move(copy));
        auto const reports = set.teardown();
        REQUIRE(succeeded(reports));
        CHECK(reports->empty());
        REQUIRE(find_link(id));
        CHECK_FALSE(find_link(id)->defunct);
    }
    SUBCASE("and what is pinned is taken rather") {
        auto& other = pinned_xdp("a", 2);
        auto const there = other.id();
        auto set = opened();
        set.want("a", new_xdp, on(2)).adopt("a", *std::move(handed_on));
        check_steps(applied(set), {update});
        CHECK(seen().at("a").first == there);
    }
    SUBCASE("and an apply that fails leaves it to the set") {
        auto set = opened();
        set.want("a", new_xdp, on(2))
            .want("b", new_trace, bl::hook::raw_tracepoint{"sys_enter"})
            .adopt("a", *std::move(handed_on));
        fail(call::raw_tracepoint_open, EINVAL);
        CHECK_FALSE(set.apply());
        CHECK(seen().empty());
        REQUIRE(find_link(id));
        CHECK(find_link(id)->prog->id == x1.id);
        check_steps(applied(set), {update, create});
        CHECK(seen().at("a").first == id);
    }
    SUBCASE("by a member that there is") {
        auto set = opened();
        set.want("a", new_xdp, on(2)).adopt("b", *std::move(handed_on));
        CHECK(set.apply().error() == errc::invalid_argument);
    }
}

TEST_CASE_FIXTURE(world, "open makes nothing, and refuses what is not a directory of its own") {
    make_directory("/home/x");
    for (auto const* const path : {"", "/bpf", "/bpf/", "/home/x", "/home/missing", "/no/where"}) {
        CAPTURE(path);
        auto const set = bl::link_set::open(path);
        REQUIRE_FALSE(set);
        CHECK(set.error() == errc::invalid_argument);
    }
    pin("/bpf/file", add_map());
    CHECK(bl::link_set::open("/bpf/file").error() == errc::invalid_argument);
    CHECK(succeeded(bl::link_set::open("/bpf/missing/below/")));
    CHECK_FALSE(has_path("/bpf/missing"));
    CHECK(bl::link_set{}.teardown()->empty());
}

TEST_CASE_FIXTURE(world, "many single uprobes in one file are told in the plan, once") {
    files["/sys/bus/event_source/devices/uprobe/type"] = "7";
    typed_program<program_type::kprobe> const probe{{open(add_program(program_type::kprobe))}};
    bl::link_set set;
    for (unsigned i = 0; i != 12; ++i)
        set.want("u" + std::to_string(i), probe,
                 bl::hook::uprobe{.binary = "/bin/true", .offset = 16 * i});
    auto const plan = set.plan();
    REQUIRE(succeeded(plan));
    CHECK(plan->front().why.find("12 single uprobes") != std::string::npos);
    CHECK((*plan)[1].why.empty());
}

TEST_CASE("a step prints as one line that sends a terminal no command") {
    bl::set_step const step{"a\nb\x1b[2J", step_kind::remove, "no member wants it"};
    CHECK(to_string(step) == "remove a\\nb\\x1b[2J: no member wants it");
}
