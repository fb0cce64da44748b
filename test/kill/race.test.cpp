// SPDX-License-Identifier: Apache-2.0
// Two processes have a link made and kept, each of its own program, and a third takes it down, all
// the time.
#include "stage.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <new>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

using bl::errc;

constexpr int longest = 50; // times the rounds, until a teardown has come between

/// The counts of all processes, in memory that they share with this one.
class seen_by_all {
public:
    struct counts {
        std::atomic<int> made, ended, refused;
        std::atomic<bool> is_over;
    };

    seen_by_all()
        : at_{::mmap(nullptr, sizeof(counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                     -1, 0)} {
        REQUIRE(at_ != MAP_FAILED);
        ::new (at_) counts{};
    }
    ~seen_by_all() { ::munmap(at_, sizeof(counts)); }
    seen_by_all(seen_by_all const&) = delete;
    seen_by_all& operator=(seen_by_all const&) = delete;

    counts* operator->() const { return static_cast<counts*>(at_); }

private:
    void* at_;
};

pid_t in_child(std::function<bool()> const& act) {
    std::fflush(nullptr);
    pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child != 0) return child;
    try {
        ::_exit(act() ? 0 : 1);
    } catch (std::exception const& e) {
        std::fprintf(stderr, "in a child process: %s\n", e.what());
    }
    ::_exit(1);
}

bool has_succeeded(pid_t child) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// As often each maker asks for its program: BPFLINK_RACES, or few where each time takes long.
int rounds_of(int usual) {
    char const* const asked = std::getenv("BPFLINK_RACES");
    return asked ? std::atoi(asked) : usual;
}

/// How long a maker keeps its handle, and then leaves the link to its pin.
struct rhythm {
    unsigned held, left; ///< microseconds, at most
};

/// @param refusals  what each may be refused with. All may find that another has the lock of the
///                  directory all the time
template <bl::program_type Type, class H>
void race(stage<Type, H> const& s, int rounds, rhythm pauses,
          std::initializer_list<errc> refusals) {
    if (!may_ensure(s)) return;
    sandbox::bpffs const fs;
    auto const path = fs.path() + "/x";
    bystander<Type, H> const others{s, fs.path() + "/other"};
    seen_by_all const seen;
    auto const is_honest = [&](bl::error const& why) {
        ++seen->refused;
        auto const is = [&](errc each) { return why == each; };
        if (why == errc::timed_out || std::ranges::any_of(refusals, is)) return true;
        std::fprintf(stderr, "%s\n", why.message().c_str());
        return false;
    };
    auto const make = [&](auto const& prog) {
        return in_child([&] {
            bool held = true;
            for (int i = 0; i < rounds || (seen->ended == 0 && i < longest * rounds); ++i) {
                auto done = bl::ensure_attached(prog, s.where, path);
                if (!done) held = is_honest(done.error()) && held;
                if (done && done->how != bl::ensured::kept) ++seen->made;
                ::usleep(static_cast<unsigned>(i) % 4 * pauses.held / 3);
                done = tl::unexpected{bl::error{0, bl::operation::close}};
                ::usleep(static_cast<unsigned>(i) % 3 * pauses.left / 2);
            }
            return held;
        });
    };
    pid_t const makers[]{make(s.first), make(s.second)};
    auto const ender = in_child([&] {
        bool held = true;
        while (!seen->is_over) {
            auto const done = bl::teardown(path);
            if (!done) held = is_honest(done.error()) && held;
            if (done && done->id != bl::link_id{}) ++seen->ended;
        }
        return held;
    });
    for (pid_t const maker : makers)
        CHECK(has_succeeded(maker));
    seen->is_over = true;
    CHECK(has_succeeded(ender));
    MESSAGE(rounds, " times each: ", seen->made.load(), " made, ", seen->ended.load(), " ended, ",
            seen->refused.load(), " refused");
    CHECK(seen->made > 0);
    CHECK(seen->ended > 0);
    // Nobody is left who could hold one: there is the link of the pin, or none.
    auto const pinned = bl::link::load_pinned(path);
    auto const id = pinned ? must(pinned->info()).id : bl::link_id{};
    CHECK(eventually([&] {
        auto both = s.first.links();
        for (auto const each : s.second.links())
            both.push_back(each);
        return pinned ? both == std::vector{id} : both.empty();
    }));
    CHECK((pinned || pinned.error() == errc::not_found));

    {
        auto const last = must(bl::ensure_attached(s.first, s.where, path));
        CHECK(std::ranges::count(s.first.links(), must(last.link.info()).id) == 1);
        CHECK(must(bl::is_at(s.first, s.where, last.link)) == bl::match::yes);
        CHECK(eventually([&] { return s.second.links().empty(); }));
        CHECK(eventually([&] { return s.first.links().size() == 1; }));
    }
    CHECK(names_in(fs.path()) == std::set<std::string>{"other", "x"});
    CHECK(others.is_as_it_was());
    CHECK(must(bl::teardown(path)).id != bl::link_id{});
    CHECK(eventually([&] { return s.first.links().empty(); })); // others may be looking
    CHECK(names_in(fs.path()) == std::set<std::string>{"other"});
}

constexpr auto detached = [](auto const& s) { race(s, rounds_of(100), {3'000, 0}, {}); };
// A table is registered after a grace period of the kernel's.
constexpr auto slowly_detached = [](auto const& s) { race(s, rounds_of(10), {3'000, 0}, {}); };
// A link that is held is not ended: a teardown looks twice, and wants a moment without a handle.
constexpr auto closed = [](auto const& s) {
    race(s, rounds_of(10), {30'000, 60'000}, {errc::still_held});
};

} // namespace

TEST_CASE("ensure_attached and teardown at once, on an interface by xdp") {
    on_xdp(detached);
}

TEST_CASE("ensure_attached and teardown at once, on an interface by tcx") {
    on_tcx(detached);
}

TEST_CASE("ensure_attached and teardown at once, on a netkit device") {
    on_netkit(detached);
}

TEST_CASE("ensure_attached and teardown at once, on a cgroup") {
    on_cgroup(detached);
}

TEST_CASE("ensure_attached and teardown at once, on a network namespace by sk_lookup") {
    on_netns(detached);
}

TEST_CASE("ensure_attached and teardown at once, on netfilter") {
    on_netfilter(detached);
}

TEST_CASE("ensure_attached and teardown at once, on a map of sockets") {
    on_sockmap(detached);
}

TEST_CASE("ensure_attached and teardown at once, on a table of the kernel by struct_ops") {
    on_struct_ops(slowly_detached);
}

TEST_CASE("ensure_attached and teardown at once, on a tracepoint by a perf event") {
    on_tracepoint(closed);
}

TEST_CASE("ensure_attached and teardown at once, on a raw tracepoint") {
    on_raw_tracepoint(closed);
}

TEST_CASE("ensure_attached and teardown at once, on a tracepoint by its types") {
    on_tp_btf(closed);
}

TEST_CASE("ensure_attached and teardown at once, on a function of the kernel's by fentry") {
    on_tracing(closed);
}

TEST_CASE("ensure_attached and teardown at once, on functions of the kernel's by tracing_multi") {
    on_tracing_multi(closed);
}

TEST_CASE("ensure_attached and teardown at once, on a function of the kernel's by LSM") {
    on_lsm(closed);
}

TEST_CASE("ensure_attached and teardown at once, on a function of the kernel's by a kprobe") {
    on_kprobe(closed);
}

TEST_CASE("ensure_attached and teardown at once, on functions of the kernel's by kprobe_multi") {
    on_kprobe_multi(closed);
}

TEST_CASE("ensure_attached and teardown at once, on a program's function by freplace") {
    on_freplace(closed);
}

TEST_CASE("ensure_attached and teardown at once, on tasks by an iterator") {
    on_iter(closed);
}

TEST_CASE("ensure_attached and teardown at once, on a function by a uprobe") {
    on_uprobe(closed);
}

TEST_CASE("ensure_attached and teardown at once, on functions by uprobe_multi") {
    on_uprobe_multi(closed);
}

TEST_CASE("ensure_attached and teardown at once, on the places of a USDT probe") {
    on_usdt(closed);
}
