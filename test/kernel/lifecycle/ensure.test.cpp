// SPDX-License-Identifier: Apache-2.0
// ensure_attached by its effects: which program runs at the place afterwards, and which does not.
#include "child.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"
#include "traffic.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <set>
#include <signal.h>
#include <string>
#include <thread>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

using bl::attach_type;
using bl::ensured;
using bl::program_type;

constexpr int some = 3;

std::set<std::string> names_in(std::string const& directory) {
    std::set<std::string> found;
    for (auto const& entry : std::filesystem::directory_iterator{directory})
        if (auto const name = entry.path().filename().string(); !name.ends_with(".debug"))
            found.insert(name);
    return found;
}

/// Two programs, a place, and what makes programs there run.
template <class P, class H>
struct stage {
    P const& first;
    P const& second;
    H where;
    std::function<void()> traffic;
};
template <class P, class H>
stage(P const&, P const&, H, std::function<void()>) -> stage<P, H>;

template <class P, class H>
bool may_play(stage<P, H> const& s) {
    auto tried = bl::attach(s.first, s.where);
    if (is_unsupported(tried)) return false;
    auto probe = must(std::move(tried));
    if (must(bl::is_at(s.first, s.where, probe)) != bl::match::yes) {
        skip_case("the kernel does not tell the place of such a link");
        return false;
    }
    auto const id = must(probe.info()).id;
    must(probe.close());
    return eventually([&] { return is_gone(id); });
}

/// All of the table that needs nothing of the kind's own.
template <class P, class H>
void play(stage<P, H> const& s) {
    if (!may_play(s)) return;
    run_statistics const statistics;
    sandbox::bpffs const fs;
    auto const path = fs.path() / "sub" / "x"; // a directory that is made
    auto const ensure = [&](P const& prog) { return bl::ensure_attached(prog, s.where, path); };
    auto const runs = [&](P const& prog) { return statistics.runs_during(prog, s.traffic) > 0; };
    bl::link_id id{};
    {
        auto const made = must(ensure(s.first));
        CHECK(made.how == ensured::created);
        CHECK(made.before == bl::program_id{});
        id = must(made.link.info()).id;
    }
    CHECK(runs(s.first)); // by its pin
    {
        auto const kept = must(ensure(s.first));
        CHECK(kept.how == ensured::kept);
        CHECK(kept.before == id_of_program(s.first.fd()));
        CHECK(must(kept.link.info()).id == id);
    }
    for (bool const overlap : {true, false}) {
        P const& next = overlap ? s.second : s.first;
        P const& before = overlap ? s.first : s.second;
        auto const updated = must(bl::ensure_attached(next, s.where, path, {.overlap = overlap}));
        CHECK(updated.how == ensured::updated);
        CHECK(updated.before == id_of_program(before.fd()));
        CHECK((must(updated.link.info()).id == id) == bl::updatable<H>);
        CHECK(runs(next));
        CHECK_FALSE(runs(before));
    }
    CHECK(names_in(fs.path() / "sub") == std::set<std::string>{"x"});
    if constexpr (bl::detachable<H>) {
        auto last = must(bl::typed_link<H>::load_pinned(path));
        must(last.detach());
        CHECK_FALSE(runs(s.first));
        CHECK(must(ensure(s.first)).how == ensured::recreated);
        CHECK(runs(s.first));
    }
    // Somebody else's, that cannot be told from ours but for the pin: only what cannot be there
    // twice is busy. Nothing of it changes.
    auto const other = bl::ensure_attached(s.second, s.where, fs.path() / "other");
    if (!other) {
        CHECK(other.error() == bl::errc::hook_busy);
        CHECK(other.error().message().find(path) != std::string::npos);
        CHECK(runs(s.first));
        CHECK_FALSE(std::filesystem::exists(fs.path() / "other"));
    }
}

/// Two processes at once, each with its own program, and a third that takes the link down.
template <class P, class H>
void race(stage<P, H> const& s, int rounds) {
    if (!may_play(s)) return;
    sandbox::bpffs const fs;
    auto const path = fs.path() / "x";
    constexpr std::chrono::seconds patience{20};
    auto const again_and_again = [&](P const& prog) {
        return [&](steps& step) {
            for (int i = 0; i != rounds; ++i) {
                auto const done = bl::ensure_attached(prog, s.where, path, {.wait = patience});
                if (!done) ::fprintf(stderr, "%s\n", done.error().message().c_str());
                step(done.has_value(), "ensure_attached");
            }
        };
    };
    std::array<int, 2> failed{};
    std::thread one{[&] { failed[0] = in_child(again_and_again(s.first)); }};
    std::thread two{[&] { failed[1] = in_child(again_and_again(s.second)); }};
    one.join();
    two.join();
    CHECK(failed == std::array{0, 0});
    CHECK(names_in(fs.path()) == std::set<std::string>{"x"});
    int ours = 0;
    for (auto&& each : bl::infos())
        if (each && (each->program == id_of_program(s.first.fd()) ||
                     each->program == id_of_program(s.second.fd())))
            ++ours;
    CHECK(ours == 1);
    // What a killed process held is released a moment later.
    must(must(bl::link::load_pinned(path)).unpin());
    for (int i = 0; i != 20; ++i) {
        std::array<int, 2> ready{};
        REQUIRE(::pipe(ready.data()) == 0);
        auto const child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            auto const held = bl::attach(s.first, s.where);
            char const said = held ? 'y' : 'n';
            static_cast<void>(!::write(ready[1], &said, 1));
            ::pause();
            ::_exit(0);
        }
        char said = 0;
        REQUIRE(::read(ready[0], &said, 1) == 1);
        ::close(ready[0]);
        ::close(ready[1]);
        CHECK(::kill(child, SIGKILL) == 0);
        REQUIRE(::waitpid(child, nullptr, 0) == child);
        auto const done = must(bl::ensure_attached(s.second, s.where, path));
        CHECK(done.how == ensured::created);
        must(must(bl::link::load_pinned(path)).unpin());
    }
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program on an interface by xdp") {
    sandbox::network const net;
    programs const p{"xdp_a", "xdp_b"};
    auto const a = p.xdp("xdp_a"), b = p.xdp("xdp_b");
    stage const s{a, b, bl::hook::xdp{.ifindex = net.loopback()},
                  std::function<void()>{[&] { net.send_to_loopback(some); }}};
    SUBCASE("the whole table") {
        play(s);
    }
    SUBCASE("two processes at once, and one that is killed") {
        race(s, 1'000);
    }
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program on an interface by tcx") {
    sandbox::network const net;
    if (!loads(program_type::sched_cls, attach_type::tcx_ingress)) return;
    constant_program<program_type::sched_cls> const a{-1, attach_type::tcx_ingress},
        b{-1, attach_type::tcx_ingress};
    stage const s{a, b,
                  bl::hook::tcx{.ifindex = net.loopback(), .attach = attach_type::tcx_ingress},
                  std::function<void()>{[&] { net.send_to_loopback(some); }}};
    SUBCASE("the whole table") {
        play(s);
    }
    SUBCASE("two processes at once, and one that is killed") {
        race(s, 1'000);
    }
    SUBCASE("what is kept leaves the revision of the hook") {
        if (!may_play(s)) return;
        sandbox::bpffs const fs;
        must(bl::ensure_attached(a, s.where, fs.path() / "x"));
        auto const before = must(bl::query(s.where)).revision;
        CHECK(must(bl::ensure_attached(a, s.where, fs.path() / "x")).how == ensured::kept);
        CHECK(must(bl::query(s.where)).revision == before);
    }
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program on a cgroup") {
    sandbox::cgroup group;
    group.enter();
    programs const p{"connect4_a", "connect4_b"};
    auto const a = p.connect("connect4_a"), b = p.connect("connect4_b");
    stage const s{
        a, b, bl::hook::cgroup{.cgroup = group.path(), .attach = attach_type::cgroup_inet4_connect},
        std::function<void()>{[] { connect_to_loopback(some); }}};
    SUBCASE("the whole table") {
        play(s);
    }
    SUBCASE("two processes at once, and one that is killed") {
        race(s, 1'000);
    }
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program on netfilter, which takes no update") {
    sandbox::network const net;
    if (!loads(program_type::netfilter, attach_type::netfilter)) return;
    constant_program<program_type::netfilter> const a{1, attach_type::netfilter},
        b{1, attach_type::netfilter};
    stage const s{a, b,
                  bl::hook::netfilter{.protocol_family = bl::protocol_family::ipv4,
                                      .hook = bl::netfilter_hook::local_in,
                                      .priority = 7},
                  std::function<void()>{[&] { net.send_to_loopback(some); }}};
    SUBCASE("the whole table") {
        play(s);
    }
    SUBCASE("two processes at once, and one that is killed") {
        race(s, 50);
    }
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program on a tracepoint by a perf event") {
    if (!loads(program_type::tracepoint, {})) return;
    constant_program<program_type::tracepoint> const a{0}, b{0};
    stage const s{a, b, bl::hook::tracepoint{.group = "raw_syscalls", .name = "sys_enter"},
                  std::function<void()>{[] { call_the_kernel(some); }}};
    SUBCASE("the whole table") {
        play(s);
    }
    SUBCASE("two processes at once, and one that is killed") {
        race(s, 50);
    }
}

TEST_CASE_FIXTURE(kernel_case, "ensure_attached of a program on a raw tracepoint") {
    programs const first{"sys_enter_a"}, second{"sys_enter_a"};
    auto const a = first.tracepoint("sys_enter_a"), b = second.tracepoint("sys_enter_a");
    play(stage{a, b, bl::hook::raw_tracepoint{"sys_enter"},
               std::function<void()>{[] { call_the_kernel(some); }}});
}

// E4
TEST_CASE_FIXTURE(kernel_case,
                  "a pinned link on the same index of another namespace is not taken") {
    sandbox::bpffs const fs;
    programs const p{"xdp_a", "xdp_b"};
    auto const path = fs.path() / "x";
    sandbox::network const theirs;
    must(bl::ensure_attached(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = theirs.loopback()}, path));
    {
        sandbox::network const ours;
        auto const done =
            bl::ensure_attached(p.xdp("xdp_b"), bl::hook::xdp{.ifindex = ours.loopback()}, path);
        check_error(done, bl::errc::already_exists, {path});
        CHECK(p.runs_during("xdp_b", [&] { ours.send_to_loopback(some); }) == 0);
    }
    CHECK(p.runs_during("xdp_a", [&] { theirs.send_to_loopback(some); }) == some);
}

TEST_CASE_FIXTURE(kernel_case, "a program that netlink attached is named at once, and stays") {
    sandbox::network const net;
    sandbox::bpffs const fs;
    programs const p{"xdp_a", "xdp_b"};
    int const index = static_cast<int>(net.loopback());
    REQUIRE(::bpf_xdp_attach(index, p.fd("xdp_a"), 0, nullptr) == 0);
    auto const begin = std::chrono::steady_clock::now();
    auto const done = bl::ensure_attached(p.xdp("xdp_b"), bl::hook::xdp{.ifindex = net.loopback()},
                                          fs.path() / "x");
    check_error(done, bl::errc::hook_busy, {std::to_string(p.id("xdp_a"))});
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{1});
    CHECK(p.runs_during("xdp_a", [&] { net.send_to_loopback(some); }) == some);
    CHECK(::bpf_xdp_detach(index, 0, nullptr) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "pins of other objects are named and stay") {
    sandbox::network const net;
    sandbox::bpffs const fs;
    programs const p{"xdp_a"};
    bl::hook::xdp const where{.ifindex = net.loopback()};
    auto const path = fs.path() / "x";
    auto const map = make_map();
    REQUIRE(::bpf_obj_pin(map.get(), path.c_str()) == 0);
    check_error(bl::ensure_attached(p.xdp("xdp_a"), where, path), bl::errc::not_a_link, {path});
    CHECK(::unlink(path.c_str()) == 0);
    REQUIRE(::bpf_obj_pin(p.fd("xdp_a"), path.c_str()) == 0);
    check_error(bl::ensure_attached(p.xdp("xdp_a"), where, path), bl::errc::not_a_link, {path});
    CHECK(names_in(fs.path()) == std::set<std::string>{"x"});
    check_error(bl::ensure_attached(p.xdp("xdp_a"), where, "/tmp/bpflink-no-bpffs/x"),
                bl::errc::invalid_argument);
    CHECK_FALSE(std::filesystem::exists("/tmp/bpflink-no-bpffs"));
}

TEST_CASE_FIXTURE(kernel_case,
                  "a descriptor that was handed on is taken up, and updated in place") {
    sandbox::network const net;
    programs const p{"xdp_a", "xdp_b"};
    bl::hook::xdp const where{.ifindex = net.loopback()};
    auto store = must(bl::attach(p.xdp("xdp_a"), where)).release();
    auto const done = must(bl::ensure_attached(p.xdp("xdp_b"), where, std::move(store)));
    CHECK(done.how == ensured::updated);
    CHECK(p.runs_during("xdp_b", [&] { net.send_to_loopback(some); }) == some);
}
