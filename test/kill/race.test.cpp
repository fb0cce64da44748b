// SPDX-License-Identifier: Apache-2.0
// One process has a link made and kept, and another takes it down, all the time.
#include "stage.hpp"

#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <functional>
#include <initializer_list>
#include <new>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

using bl::errc;

/// The counts of both processes, in memory that they share with this one.
class seen_by_both {
public:
    struct counts {
        std::atomic<int> made, ended, refused;
        std::atomic<bool> is_over;
    };

    seen_by_both()
        : at_{::mmap(nullptr, sizeof(counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                     -1, 0)} {
        REQUIRE(at_ != MAP_FAILED);
        ::new (at_) counts{};
    }
    ~seen_by_both() { ::munmap(at_, sizeof(counts)); }
    seen_by_both(seen_by_both const&) = delete;
    seen_by_both& operator=(seen_by_both const&) = delete;

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

/// @param rounds      as often each changes something, at least
/// @param refusals  what a teardown may be refused with. Both may find that the other has the lock
///                  of the directory all the time
template <bl::program_type Type, class H>
void race(stage<Type, H> const& s, int rounds, std::initializer_list<errc> refusals) {
    if (!may_ensure(s)) return;
    sandbox::bpffs const fs;
    auto const path = fs.path() + "/x";
    bystander<Type, H> const others{s, fs.path() + "/other"};
    seen_by_both const seen;
    auto const is_honest = [&](bl::error const& why, std::initializer_list<errc> conditions) {
        ++seen->refused;
        auto const is = [&](errc each) { return why == each; };
        if (why == errc::timed_out || std::ranges::any_of(conditions, is)) return true;
        std::fprintf(stderr, "%s\n", why.message().c_str());
        return false;
    };
    auto const maker = in_child([&] {
        bool held = true;
        for (unsigned i = 0; seen->made < rounds || seen->ended < rounds; ++i) {
            // Each program twice: the second time it may be there still.
            auto const& prog = i / 2 % 2 == 0 ? s.first : s.second;
            auto const done = bl::ensure_attached(prog, s.where, path);
            if (!done) held = is_honest(done.error(), {}) && held;
            if (done && done->how != bl::ensured::kept) ++seen->made;
            // With the link open, for longer than a teardown takes to look again at who has it.
            ::usleep(i % 4 * (bl::detachable<H> ? 1'000U : 10'000U));
        }
        seen->is_over = true;
        return held;
    });
    auto const ender = in_child([&] {
        bool held = true;
        while (!seen->is_over) {
            auto const done = bl::teardown(path);
            if (!done) held = is_honest(done.error(), refusals) && held;
            if (done && done->id != bl::link_id{}) ++seen->ended;
        }
        return held;
    });
    CHECK(has_succeeded(maker));
    CHECK(has_succeeded(ender));
    MESSAGE(seen->made.load(), " made, ", seen->ended.load(), " ended, ", seen->refused.load(),
            " refused");

    {
        auto const last = must(bl::ensure_attached(s.first, s.where, path));
        CHECK(must(last.link.info()).program == s.first.id());
        CHECK(must(bl::is_at(s.first, s.where, last.link)) == bl::match::yes);
        CHECK(eventually([&] { return links_of(s.second.id()).empty(); }));
        CHECK(links_of(s.first.id()).size() == 1);
    }
    CHECK(names_in(fs.path()) == std::set<std::string>{"other", "x"});
    CHECK(others.is_as_it_was());
    CHECK(must(bl::teardown(path)).id != bl::link_id{});
    CHECK(links_of(s.first.id()).empty());
    CHECK(names_in(fs.path()) == std::set<std::string>{"other"});
}

constexpr auto detached = [](auto const& s) { race(s, 100, {}); };
constexpr auto closed = [](auto const& s) { race(s, 10, {errc::still_held}); };

} // namespace

TEST_CASE("ensure_attached and teardown at once, on an interface by xdp") {
    on_xdp(detached);
}

TEST_CASE("ensure_attached and teardown at once, on an interface by tcx") {
    on_tcx(detached);
}

TEST_CASE("ensure_attached and teardown at once, on a cgroup") {
    on_cgroup(detached);
}

TEST_CASE("ensure_attached and teardown at once, on netfilter") {
    on_netfilter(detached);
}

TEST_CASE("ensure_attached and teardown at once, on a tracepoint by a perf event") {
    on_tracepoint(closed);
}

TEST_CASE("ensure_attached and teardown at once, on a raw tracepoint") {
    on_raw_tracepoint(closed);
}

TEST_CASE("ensure_attached and teardown at once, on a function of the kernel's by fentry") {
    on_fentry(closed);
}
