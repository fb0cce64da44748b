// SPDX-License-Identifier: Apache-2.0
// Sets of links by their effects: which programs run, by which links, under which names.
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

using bl::program_type;
using bl::step_kind;
using sandbox::names_in;
using counted = constant_program<program_type::xdp>;
using traced = constant_program<program_type::raw_tracepoint>;

constexpr bl::hook::raw_tracepoint sys_enter{"sys_enter"};

/// Two interfaces and a tracepoint, each with an old program and a new one.
struct stage {
    sandbox::network net;
    sandbox::bpffs fs;
    sandbox::network::veth devices = net.add_veth();
    counted old_xdp{2}, new_xdp{2};
    traced old_trace{0}, new_trace{0};
    run_statistics statistics;
    std::string directory = fs.path() + "/set";

    [[nodiscard]] bl::link_set opened(bl::ensure_options options = {}) const {
        return must(bl::link_set::open(directory, options));
    }
    template <class X, class T>
    void want(bl::link_set& set, X const& xdp, T const& trace) const {
        set.want("lo", xdp, lo()).want("enter", trace, sys_enter).want("veth", xdp, veth());
    }
    [[nodiscard]] bl::hook::xdp lo() const {
        return {.ifindex = net.loopback(), .mode = bl::xdp_mode::generic};
    }
    [[nodiscard]] bl::hook::xdp veth() const {
        return {.ifindex = devices.here, .mode = bl::xdp_mode::generic};
    }

    /// Which link and which program each name has.
    using sight = std::map<std::string, std::pair<bl::link_id, bl::program_id>>;
    [[nodiscard]] sight seen() const {
        sight all;
        for (auto&& pin : bl::pins(fs.path())) {
            auto const info = must(must(bl::link::load_pinned(must(pin).path)).info());
            all[must(pin).path] = {info.id, info.program};
        }
        return all;
    }
    template <class P>
    [[nodiscard]] bool runs(P const& prog) const {
        return statistics.runs_during(prog, [&] { net.send_to_loopback(3); }) > 0;
    }
    /// Whether it stops running soon. apply() has ended its link, whose id goes first.
    template <class P>
    [[nodiscard]] bool stops(P const& prog) const {
        return eventually([&] { return !runs(prog); });
    }
};

std::vector<step_kind> kinds_of(std::vector<bl::set_step> const& steps) {
    std::vector<step_kind> kinds;
    for (auto const& each : steps)
        kinds.push_back(each.what);
    return kinds;
}

constexpr auto create = step_kind::create, update = step_kind::update, keep = step_kind::keep,
               recreate = step_kind::recreate, removed = step_kind::remove,
               left_out = step_kind::left_out;

using kinds = std::vector<step_kind>;

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a set is created, kept, updated and torn down, as planned") {
    stage s;
    {
        auto set = s.opened();
        s.want(set, s.old_xdp, s.old_trace);
        CHECK(kinds_of(must(set.plan())) == kinds{create, create, create});
        CHECK_FALSE(std::filesystem::exists(s.directory)); // the plan makes nothing
        CHECK(kinds_of(must(set.apply()).steps) == kinds{create, create, create});
        auto const before = s.seen();
        CHECK(kinds_of(must(set.apply()).steps) == kinds{keep, keep, keep});
        CHECK(s.seen() == before);
    }
    CHECK(s.runs(s.old_xdp)); // by the pins
    CHECK(s.runs(s.old_trace));
    {
        auto set = s.opened();
        s.want(set, s.new_xdp, s.new_trace);
        CHECK(kinds_of(must(set.plan())) == kinds{update, update, update});
        CHECK_FALSE(s.runs(s.new_xdp));
        CHECK(kinds_of(must(set.apply()).steps) == kinds{update, update, update});
        CHECK(s.runs(s.new_xdp));
        CHECK(s.runs(s.new_trace));
        CHECK_FALSE(s.runs(s.old_xdp));
        CHECK(s.stops(s.old_trace));
        CHECK(names_in(s.directory) == std::set<std::string>{"lo", "enter", "veth"});
        CHECK(must(bl::link_set::open(s.directory)).size() == 0);
    }
    // Without wants, all is torn down.
    CHECK(must(must(bl::link_set::open(s.directory)).teardown()).size() == 3);
    CHECK_FALSE(s.runs(s.new_xdp));
    CHECK_FALSE(s.runs(s.new_trace));
    CHECK(names_in(s.directory).empty());
}

TEST_CASE_FIXTURE(kernel_case, "a set recreates, removes and leaves what is not its own") {
    stage s;
    {
        auto set = s.opened();
        s.want(set, s.old_xdp, s.old_trace);
        must(set.apply());
    }
    must(must(bl::link::load_pinned(s.directory + "/lo")).detach());
    auto const elsewhere = s.fs.path() + "/theirs";
    must(must(bl::attach(s.old_xdp,
                         bl::hook::xdp{.ifindex = s.devices.there, .mode = bl::xdp_mode::generic}))
             .pin(elsewhere));
    std::filesystem::create_directory(s.directory + "/below");
    must(must(bl::attach(s.new_trace, sys_enter)).pin(s.directory + "/below/theirs"));
    auto const before = s.seen();
    auto set = s.opened();
    set.want("lo", s.old_xdp, s.lo()).want("veth", s.old_xdp, s.veth());
    CHECK(kinds_of(must(set.plan())) == kinds{recreate, keep, removed});
    CHECK(s.seen() == before);
    CHECK(kinds_of(must(set.apply()).steps) == kinds{recreate, keep, removed});
    CHECK(s.runs(s.old_xdp));
    CHECK_FALSE(s.runs(s.old_trace));
    auto const after = s.seen();
    for (auto const& path : {elsewhere, s.directory + "/below/theirs", s.directory + "/veth"})
        CHECK(after.at(path) == before.at(path));
    must(set.teardown());
    CHECK(names_in(s.directory) == std::set<std::string>{"below"});
    must(bl::teardown(s.directory + "/below/theirs"));
    must(bl::teardown(elsewhere));
}

TEST_CASE_FIXTURE(kernel_case, "a failing member in each position undoes to the state before") {
    stage s;
    bl::hook::xdp const taken{.ifindex = s.devices.there, .mode = bl::xdp_mode::generic};
    auto const theirs = must(bl::attach(s.old_xdp, taken));
    for (bool const was_there : {false, true})
        for (int position = 0; position != 4; ++position) {
            CAPTURE(was_there);
            CAPTURE(position);
            if (was_there) {
                auto set = s.opened();
                s.want(set, s.old_xdp, s.old_trace);
                must(set.apply());
            }
            auto const before = s.seen();
            auto set = s.opened({.wait = std::chrono::milliseconds{300}});
            for (int i = 0; i != 4; ++i) {
                if (i == position) set.want("bad", s.new_xdp, taken);
                if (i == 0) set.want("lo", s.new_xdp, s.lo());
                if (i == 1) set.want("enter", s.new_trace, sys_enter);
                if (i == 2) set.want("veth", s.new_xdp, s.veth());
            }
            auto const done = set.apply();
            REQUIRE_FALSE(done);
            CAPTURE(done.error().message());
            CHECK(done.error() == bl::errc::hook_busy);
            CHECK(done.error().message().find("\"bad\"") != std::string::npos);
            CHECK(s.seen() == before);
            CHECK(s.runs(s.old_xdp) == was_there);
            CHECK(s.runs(s.old_trace) == was_there);
            CHECK(s.stops(s.new_xdp));
            CHECK(s.stops(s.new_trace));
            must(set.teardown());
        }
}

TEST_CASE_FIXTURE(kernel_case,
                  "an optional member without its target is left out, and its pin goes") {
    stage s;
    bl::hook::raw_tracepoint const missing{"no_such_tracepoint"};
    auto set = s.opened();
    set.want_optional("trace", s.old_trace, missing).want("lo", s.old_xdp, s.lo());
    CHECK(kinds_of(must(set.apply()).steps) == kinds{left_out, create});
    CHECK(set.find("trace")->link() == nullptr);
    CHECK(set.find("trace")->why().find("no_such_tracepoint") != std::string::npos);
    CHECK(s.runs(s.old_xdp));
    auto fewer = s.opened();
    fewer.want_optional("trace", s.old_trace, missing).want("lo", s.new_xdp, s.lo());
    fewer.at_least(2, {"trace", "lo"});
    CHECK(fewer.apply().error() == bl::errc::not_supported);
    CHECK(s.runs(s.old_xdp)); // undone
    CHECK_FALSE(s.runs(s.new_xdp));
    must(set.teardown());
}

TEST_CASE_FIXTURE(kernel_case, "one of several is taken, and takes the place of another") {
    stage s;
    auto const one = [&](bool first_is_there) {
        auto set = s.opened();
        set.want_one_of(
            "one", {bl::candidate(s.old_trace,
                                  first_is_there ? sys_enter
                                                 : bl::hook::raw_tracepoint{"no_such_tracepoint"}),
                    bl::candidate(s.old_xdp, s.lo())});
        return kinds_of(must(set.apply()).steps);
    };
    CHECK(one(false) == kinds{create});
    CHECK(s.runs(s.old_xdp));
    CHECK(one(false) == kinds{keep});
    CHECK(one(true) == kinds{update});
    CHECK(s.stops(s.old_xdp));
    CHECK(s.runs(s.old_trace));
    must(s.opened().teardown());
    CHECK_FALSE(s.runs(s.old_trace));
}

TEST_CASE_FIXTURE(kernel_case, "of candidates that may not overlap, a missing one ends no other") {
    stage s;
    auto const one = [&](bool first_is_there) {
        auto set = s.opened({.overlap = false});
        set.want_one_of(
            "one", {bl::candidate(s.new_trace,
                                  first_is_there ? bl::hook::raw_tracepoint{"sys_exit"}
                                                 : bl::hook::raw_tracepoint{"no_such_tracepoint"}),
                    bl::candidate(s.old_xdp, bl::hook::xdp{.ifindex = bl::ifindex{0x7fffffff}}),
                    bl::candidate(s.old_trace, sys_enter)});
        return kinds_of(must(set.apply()).steps);
    };
    CHECK(one(false) == kinds{create});
    auto const before = s.seen();
    CHECK(one(false) == kinds{keep});
    CHECK(s.seen() == before);
    CHECK(one(true) == kinds{update});
    CHECK(s.runs(s.new_trace));
    CHECK(s.stops(s.old_trace));
    must(s.opened().teardown());
}

TEST_CASE_FIXTURE(kernel_case, "a member with another name keeps its link, and misses no packet") {
    stage s;
    auto const apply = [&](std::string const& name) {
        auto set = s.opened();
        set.want(name, s.new_xdp, s.lo());
        auto const plan = must(set.plan());
        auto const steps = must(set.apply()).steps;
        REQUIRE(steps.size() == 1);
        CHECK(to_string(steps.front()) == to_string(plan.front()));
        return steps.front();
    };
    CHECK(apply("in").what == create);
    auto const [id, program] = s.seen().begin()->second;
    auto const step = apply("out");
    CHECK(step.what == keep);
    CHECK(step.why == "renamed from in");
    CHECK(s.seen() == stage::sight{{s.directory + "/out", {id, program}}});
    CHECK(s.runs(s.new_xdp));
    must(s.opened().teardown());
}

TEST_CASE_FIXTURE(kernel_case, "a plan leaves out a member whose interface is not there") {
    stage const s;
    bl::link_set set;
    set.want_optional("gone", s.new_xdp, bl::hook::xdp{.ifindex = bl::ifindex{0x7fffffff}});
    auto const plan = must(set.plan());
    CHECK(kinds_of(plan) == kinds{left_out});
    CHECK(kinds_of(must(set.apply()).steps) == kinds{left_out});
}

TEST_CASE_FIXTURE(kernel_case, "a set without a directory ends with the object") {
    stage s;
    {
        bl::link_set set;
        s.want(set, s.old_xdp, s.old_trace);
        must(set.apply());
        CHECK(kinds_of(must(set.apply()).steps) == kinds{keep, keep, keep});
        CHECK(s.runs(s.old_xdp));
        CHECK(s.seen().empty());
    }
    CHECK(s.stops(s.old_xdp));
    CHECK(s.stops(s.old_trace));
}

TEST_CASE_FIXTURE(kernel_case, "a bpffs's root is no directory for a set") {
    sandbox::bpffs const fs;
    CHECK(bl::link_set::open(fs.path()).error() == bl::errc::invalid_argument);
    CHECK(must(bl::link_set::open(fs.path() + "/a/b")).size() == 0);
    CHECK(names_in(fs.path()).empty());
}

TEST_CASE_FIXTURE(kernel_case, "links that a killed call left under a temporary name are removed") {
    stage s;
    std::filesystem::create_directory(s.directory);
    must(must(bl::attach(s.old_xdp, s.lo())).pin(s.directory + "/lo%tmp"));
    must(must(bl::attach(s.old_xdp, s.veth())).pin(s.directory + "/gone%tmp"));
    auto set = s.opened();
    set.want("lo", s.new_xdp, s.lo());
    CHECK(kinds_of(must(set.plan())) == kinds{create, removed, removed});
    CHECK(kinds_of(must(set.apply()).steps) == kinds{create, removed, removed});
    CHECK(s.runs(s.new_xdp));
    CHECK(s.stops(s.old_xdp));
    CHECK(names_in(s.directory) == std::set<std::string>{"lo"});
    must(set.teardown());
}

TEST_CASE_FIXTURE(kernel_case, "a pin that somebody removed comes back, and the program runs on") {
    stage s;
    auto set = s.opened();
    s.want(set, s.old_xdp, s.old_trace);
    must(set.apply());
    auto const before = s.seen();
    std::filesystem::remove(s.directory + "/lo");
    std::filesystem::remove(s.directory + "/enter");
    CHECK(kinds_of(must(set.plan())) == kinds{keep, keep, keep});
    CHECK(s.runs(s.old_xdp));
    SUBCASE("by the next apply") {
        auto const steps = must(set.apply()).steps;
        CHECK(kinds_of(steps) == kinds{keep, keep, keep});
        CHECK(to_string(steps.front()).find("is pinned again") != std::string::npos);
        CHECK(s.seen() == before);
        CHECK(s.runs(s.old_xdp));
    }
    SUBCASE("with the directory") {
        std::filesystem::remove(s.directory + "/veth");
        std::filesystem::remove(s.directory);
        must(set.apply());
        CHECK(s.seen() == before);
    }
    SUBCASE("or teardown ends its link") {
        CHECK(must(set.teardown()).size() == 3);
        CHECK_FALSE(s.runs(s.old_xdp));
        CHECK_FALSE(s.runs(s.old_trace));
    }
    must(set.teardown());
    CHECK(s.seen().empty());
}

TEST_CASE_FIXTURE(kernel_case, "what is foreign in a set's directory stays, whatever it is") {
    stage s;
    std::filesystem::create_directories(s.directory + "/below/deeper");
    std::filesystem::create_symlink("nowhere", s.directory + "/dangling");
    auto const elsewhere = s.fs.path() + "/theirs";
    must(must(bl::attach(s.old_xdp, s.veth())).pin(elsewhere));
    std::filesystem::create_symlink(elsewhere, s.directory + "/to_theirs");
    auto const before = s.seen();
    auto set = s.opened();
    set.want("lo", s.old_xdp, s.lo());
    CHECK(kinds_of(must(set.plan())) == kinds{create});
    CHECK(kinds_of(must(set.apply()).steps) == kinds{create});
    CHECK(kinds_of(must(set.apply()).steps) == kinds{keep});
    CHECK(must(set.teardown()).size() == 1);
    CHECK(names_in(s.directory) == std::set<std::string>{"below", "dangling", "to_theirs"});
    CHECK(must(must(bl::link::load_pinned(elsewhere)).info()).id == before.at(elsewhere).first);
    must(bl::teardown(elsewhere));
}

TEST_CASE_FIXTURE(kernel_case, "names of members are any text, and one too long undoes all") {
    stage s;
    auto set = s.opened();
    set.want("lo.100/../x%tmp\n", s.old_xdp, s.lo()).want("..", s.old_xdp, s.veth());
    CHECK(kinds_of(must(set.apply()).steps) == kinds{create, create});
    CHECK(kinds_of(must(set.apply()).steps) == kinds{keep, keep});
    CHECK(names_in(s.directory).size() == 2);
    auto const before = s.seen();
    set.want_optional(std::string(300, 'n'), s.old_trace, sys_enter);
    CHECK_FALSE(set.apply());
    CHECK(s.seen() == before);
    CHECK(s.stops(s.old_trace));
    must(set.teardown());
}

TEST_CASE_FIXTURE(kernel_case, "a directory that is moved away takes its links along") {
    stage s;
    {
        auto set = s.opened();
        set.want("enter", s.old_trace, sys_enter);
        must(set.apply());
    }
    auto const before = s.seen();
    auto const moved = s.fs.path() + "/moved";
    std::filesystem::rename(s.directory, moved);
    auto fresh = s.opened();
    fresh.want("enter", s.new_trace, sys_enter);
    CHECK(kinds_of(must(fresh.apply()).steps) == kinds{create});
    CHECK(s.seen().at(moved + "/enter") == before.at(s.directory + "/enter"));
    must(fresh.teardown());
    CHECK(s.runs(s.old_trace));
    must(must(bl::link_set::open(moved)).teardown());
}

TEST_CASE_FIXTURE(kernel_case, "a set whose bpffs is unmounted says so, and makes nothing there") {
    traced const trace{0};
    sandbox::bpffs const fs;
    auto const place = fs.path();
    auto set = must(bl::link_set::open(place + "/set"));
    set.want("enter", trace, sys_enter);
    must(set.apply());
    REQUIRE(::umount2(place.c_str(), MNT_DETACH) == 0);
    CHECK(set.plan().error() == bl::errc::invalid_argument);
    CHECK_FALSE(set.apply());
    CHECK_FALSE(std::filesystem::exists(place + "/set"));
    CHECK(must(set.teardown()).size() == 1);
    REQUIRE(::mount("bpf", place.c_str(), "bpf", 0, nullptr) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "a set follows no symbolic link to somebody else's link") {
    stage s;
    auto const theirs = s.fs.path() + "/theirs";
    auto l = must(bl::attach(s.old_xdp, s.lo()));
    must(l.pin(theirs));
    std::filesystem::create_directory(s.directory);
    std::filesystem::create_symlink("../theirs", s.directory + "/lo");
    auto set = s.opened();
    set.want("enter", s.new_trace, sys_enter).want("lo", s.new_xdp, s.lo());
    CHECK(set.plan().error() == bl::errc::not_a_link);
    CHECK(set.apply().error() == bl::errc::not_a_link);
    CHECK(s.stops(s.new_trace));
    CHECK(must(set.teardown()).empty());
    CHECK(l.state() == bl::link_state::attached);
    CHECK(s.runs(s.old_xdp));
    must(bl::teardown(std::move(l)));
}

namespace {

using silent_trace = constant_program<bl::program_type::raw_tracepoint>;

/// A program a link: older kernels have each once at a tracepoint.
std::vector<silent_trace> traces(std::size_t count) {
    std::vector<silent_trace> made;
    while (made.size() != count)
        made.emplace_back(0);
    return made;
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "apply goes back where no descriptor is left") {
    stage s;
    auto set = s.opened();
    set.want("enter", s.new_trace, sys_enter);
    auto const others = traces(19);
    for (std::size_t i = 0; i != others.size(); ++i)
        set.want("enter" + std::to_string(i), others[i], sys_enter);
    ::rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    int const next = ::dup(0); // so many are open
    ::close(next);
    // Each member takes one: the last ones find none.
    ::rlimit const few{static_cast<rlim_t>(next) + 15, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    auto const refused = set.apply();
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code().value() == EMFILE);
    CHECK(refused.error().message().find("undoing") == std::string::npos);
    CHECK(names_in(s.directory).empty());
    CHECK(s.stops(s.new_trace));
    must(set.apply());
    CHECK(s.runs(s.new_trace));
    must(set.teardown());
}

TEST_CASE_FIXTURE(kernel_case, "more links than a process may have open are torn down") {
    stage s;
    auto const programs = traces(60);
    bl::hook::raw_tracepoint const rare{"sched_process_exec"};
    ::rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    int const next = ::dup(0); // so many are open
    ::close(next);
    rlim_t room = 0;
    SUBCASE("not for all") {
        room = 55;
    }
    SUBCASE("for all, and hardly more") {
        room = 65;
    }
    ::rlimit const few{static_cast<rlim_t>(next) + room, before.rlim_max};
    auto const with_few = [&](auto call) {
        auto set = s.opened();
        for (std::size_t i = 0; i != programs.size(); ++i)
            set.want("exec" + std::to_string(i), programs[i], rare);
        must(set.apply());
        set = s.opened();
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
        auto const done = call(set);
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
        CHECK(must(done) == programs.size());
        CHECK(names_in(s.directory).empty());
    };
    with_few([](bl::link_set& set) {
        return set.teardown().map([](auto const& ends) { return ends.size(); });
    });
    with_few([](bl::link_set& set) {
        return set.apply().map([](auto const& report) { return report.steps.size(); });
    });
}

TEST_CASE_FIXTURE(kernel_case, "links that another process holds are told together") {
    constexpr std::size_t count = 100;
    stage s;
    auto const programs = traces(count);
    bl::hook::raw_tracepoint const rare{"sched_process_exec"};
    {
        auto set = s.opened();
        for (std::size_t i = 0; i != count; ++i)
            set.want("exec" + std::to_string(i), programs[i], rare);
        must(set.apply());
    }
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    bl::unique_fd const heard{ends[0]};
    bl::unique_fd told{ends[1]};
    auto const child = ::fork();
    if (child == 0) {
        for (auto const& name : names_in(s.directory))
            static_cast<void>(
                must(bl::link::load_pinned(s.directory + "/" + name)).release().release());
        static_cast<void>(::write(told.get(), "x", 1));
        for (;;)
            ::pause();
    }
    REQUIRE(child > 0);
    told.reset();
    char letter = 0;
    CHECK(::read(heard.get(), &letter, 1) == 1);
    auto set = s.opened();
    auto const refused = set.teardown();
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == bl::errc::still_held);
    CHECK(refused.error().message().find("process " + std::to_string(child)) != std::string::npos);
    CHECK(names_in(s.directory).size() == count);
    CHECK(::kill(child, SIGKILL) == 0);
    CHECK(::waitpid(child, nullptr, 0) == child);
    CHECK(must(set.teardown()).size() == count);
}
