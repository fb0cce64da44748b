// SPDX-License-Identifier: Apache-2.0
// Links that outlive a service whose surroundings are closed to it: a directory that may not be
// entered, capabilities that are missing, a bpffs that is read-only, a pid namespace.
#include "child.hpp"
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"
#include "traffic.hpp"

#include <bpflink/bpflink.hpp>

#include <chrono>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <bpf/bpf.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

using bl::errc;
using bl::program_type;
using namespace std::chrono_literals;

/// Whether it failed with this condition, and its message has all of these words.
template <class T>
bool refused(bl::result<T> const& r, errc condition,
             std::initializer_list<std::string_view> words = {}) {
    if (r) return false;
    bool right = r.error() == condition;
    for (auto const word : words)
        right = right && r.error().message().find(word) != std::string::npos;
    if (!right) std::fprintf(stderr, "%s\n", r.error().message().c_str());
    return right;
}

/// A device, and a program for it whose pin every process may open.
struct service {
    sandbox::network net;
    sandbox::bpffs fs;
    programs p{"xdp_a", "xdp_b", "sys_enter_a"};
    bl::hook::xdp where{.ifindex = net.loopback()};

    std::string offered(std::string_view name) {
        auto path = fs.path() / name;
        REQUIRE(::bpf_obj_pin(p.fd(name), path.c_str()) == 0);
        REQUIRE(::chmod(path.c_str(), 0666) == 0);
        return path;
    }
    bool runs(std::string_view name) {
        return p.runs_during(name, [&] { net.send_to_loopback(3); }) != 0;
    }
};

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a directory that is closed is not one where nothing is") {
    service s;
    auto const closed = s.fs.path() / "closed", path = closed / "x";
    auto const id = must(must(bl::ensure_attached(s.p.xdp("xdp_a"), s.where, path)).link.info()).id;
    auto const program = s.offered("xdp_b");
    CHECK(with_capabilities({CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON}, [&](steps& step) {
              auto const next = bl::program::load_pinned(program);
              step(next.has_value(), "the program");
              auto const typed = next->as<program_type::xdp>();
              step(typed.has_value(), "its type");
              step(refused(bl::link::load_pinned(path), errc::permission_denied, {closed}),
                   "load_pinned");
              step(refused(bl::teardown(path), errc::permission_denied, {closed}), "teardown");
              for (auto const& each : {path, closed / "none", closed / "below/x"})
                  step(refused(bl::ensure_attached(*typed, s.where, each), errc::permission_denied,
                               {closed}),
                       "ensure_attached");
              int errors = 0;
              for (auto&& each : bl::pins(s.fs.path()))
                  if (!each && each.error().subject() == closed)
                      errors += refused(each, errc::permission_denied) ? 1 : 0;
              step(errors == 1, "pins");
              auto const who = bl::holders(id);
              step(who && who->pins.empty() &&
                       who->unseen.find("pins or directories") != std::string::npos,
                   "holders");
          }) == 0);
    CHECK(s.runs("xdp_a"));
    CHECK(must(bl::teardown(path)).id == id);
}

TEST_CASE_FIXTURE(kernel_case, "a capability that is missing is named, and nothing is half done") {
    service s;
    auto const first = s.offered("xdp_a"), second = s.offered("xdp_b");
    auto const tracer = s.offered("sys_enter_a");
    auto const path = s.fs.path() / "x";
    auto const ensure = [&](std::string const& program) {
        auto const opened = bl::program::load_pinned(program);
        if (!opened)
            return bl::result<bl::ensured_link<bl::hook::xdp>>{tl::unexpected{opened.error()}};
        return opened->as<program_type::xdp>().and_then(
            [&](auto const& prog) { return bl::ensure_attached(prog, s.where, path); });
    };
    auto const did = [&](std::string const& program, bl::ensured wanted) {
        auto const done = ensure(program);
        if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
        return done && done->how == wanted;
    };
    int const known = with_capabilities({CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON}, [&](steps& step) {
        step(did(first, bl::ensured::created), "created");
        step(did(first, bl::ensured::kept), "kept");
        step(did(second, bl::ensured::updated), "updated, under the lock alone");
        auto const opened = bl::program::load_pinned(tracer);
        step(opened.has_value(), "the tracer");
        auto const prog = opened->as<program_type::raw_tracepoint>();
        for (auto const how : {bl::ensured::created, bl::ensured::kept}) {
            auto const done = bl::ensure_attached(*prog, bl::hook::raw_tracepoint{"sys_enter"},
                                                  s.fs.path() / "tracing");
            if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
            step(done && done->how == how, "a tracepoint's");
        }
    });
    if (known == -1) return skip_case("the kernel has no CAP_BPF");
    CHECK(known == 0);
    CHECK(s.runs("xdp_b"));
    CHECK(must(bl::teardown(s.fs.path() / "tracing")).gone);
    CHECK(with_capabilities({CAP_BPF, CAP_NET_ADMIN}, [&](steps& step) {
              step(refused(ensure(second), errc::already_exists, {"cannot be told", "CAP_PERFMON"}),
                   "nothing tells the namespace");
              auto const done = bl::teardown(path);
              step(done && done->detached && !done->gone && !done->left.complete(), "teardown");
          }) == 0);
    CHECK_FALSE(s.runs("xdp_b"));
    CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE_FIXTURE(kernel_case, "of a read-only bpffs it is said, and a link keeps its pin") {
    service s;
    auto const of_xdp = s.fs.path() / "xdp", of_tracepoint = s.fs.path() / "tracepoint";
    must(bl::ensure_attached(s.p.xdp("xdp_a"), s.where, of_xdp));
    must(bl::ensure_attached(s.p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"},
                             of_tracepoint));
    auto const traces = [&] {
        return s.p.runs_during("sys_enter_a", [] { call_the_kernel(10); }) != 0;
    };
    REQUIRE(::mount("none", s.fs.path().c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY,
                    nullptr) == 0);
    CHECK(must(bl::ensure_attached(s.p.xdp("xdp_a"), s.where, of_xdp)).how == bl::ensured::kept);
    check_error(bl::ensure_attached(s.p.tracepoint("sys_enter_a"),
                                    bl::hook::raw_tracepoint{"sys_exit"}, s.fs.path() / "new/x"),
                errc::read_only, {s.fs.path()});
    check_error(bl::teardown(of_tracepoint), errc::read_only, {of_tracepoint});
    CHECK(traces());
    check_error(bl::teardown(of_xdp), errc::read_only, {of_xdp, "the program is off its hook"});
    CHECK_FALSE(s.runs("xdp_a"));
    REQUIRE(::mount("none", s.fs.path().c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0);
    CHECK(must(bl::teardown(of_tracepoint)).gone);
    auto const shell = must(bl::teardown(of_xdp));
    CHECK(shell.id != bl::link_id{});
    CHECK(shell.detached);
    CHECK(::access(of_xdp.c_str(), F_OK) != 0);
    CHECK(eventually([&] { return is_gone(shell.id); }));
    CHECK_FALSE(traces());
}

TEST_CASE_FIXTURE(kernel_case,
                  "in a pid namespace teardown sees an end, and says which holders not") {
    service s;
    auto const path = s.fs.path() / "x";
    auto made = must(bl::ensure_attached(s.p.tracepoint("sys_enter_a"),
                                         bl::hook::raw_tracepoint{"sys_enter"}, path));
    auto const id = must(made.link.info()).id;
    auto const traces = [&] {
        return s.p.runs_during("sys_enter_a", [] { call_the_kernel(10); }) != 0;
    };
    auto const below = [&](auto const& is_right) {
        return in_child([&](steps& step) {
            close_all();
            step(::unshare(CLONE_NEWPID | CLONE_NEWNS) == 0, "unshare");
            pid_t const first = ::fork();
            if (first == 0) {
                bool const ready = ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                                   ::mount("proc", "/proc", "proc", 0, nullptr) == 0;
                ::_exit(ready && is_right() ? 0 : 1);
            }
            int status = 1;
            step(::waitpid(first, &status, 0) == first && status == 0, "the first process there");
        });
    };
    CHECK(below([&] {
              // This process holds it, and cannot be seen.
              return refused(bl::teardown(path, 200ms), errc::still_held,
                             {"nobody that can be seen", "pid namespace", "handle is closed"});
          }) == 0);
    CHECK(traces());
    must(made.link.pin(path));
    must(made.link.close());
    CHECK(below([&] {
              auto const done = bl::teardown(path);
              return done && done->gone && done->id == id;
          }) == 0);
    CHECK_FALSE(traces());
}
