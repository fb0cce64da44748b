// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "probe_targets.hpp"
#include "sandbox.hpp"
#include "traffic.hpp"

#include <bpflink/bpflink.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;
using namespace std::chrono_literals;

namespace {

/// Checks that links end by a handle, a pinned handle and a path, and that the program does.
/// @param attach  makes a link
/// @param act     has its program run
template <class Attach, class Act>
void check_ends(counted_program const& p, Attach attach, Act act) {
    sandbox::bpffs const fs;
    auto const path = fs.path() / "x";
    for (int way = 0; way != 3; ++way) {
        CAPTURE(way);
        auto made = attach();
        if (is_unsupported(made)) return;
        auto l = must(std::move(made));
        auto const info = must(l.info());
        CHECK(p.runs_during(act) > 0);
        if (way > 0) must(l.pin(path));
        if (way == 2) must(l.close());
        auto const done = must(way == 2 ? bl::teardown(path) : bl::teardown(std::move(l)));
        CHECK(p.runs_during(act) == 0);
        CHECK(done.id == info.id);
        CHECK((done.detached || done.gone));
        CHECK_FALSE(l);
        CHECK(eventually([&] { return is_gone(info.id); }));
        CHECK(::access(path.c_str(), F_OK) != 0);
    }
}

/// A link that only its closing ends.
struct tracing_link {
    programs p{"sys_enter_a"};
    bl::raw_tracepoint_link l =
        must(bl::attach(p.tracepoint("sys_enter_a"), bl::hook::raw_tracepoint{"sys_enter"}));
    bl::link_id id = must(l.info()).id;

    [[nodiscard]] bool runs() const {
        return p.runs_during("sys_enter_a", [] { call_the_kernel(10); }) != 0;
    }
};

} // namespace

TEST_CASE_FIXTURE(kernel_case, "teardown of a link to an interface") {
    sandbox::network const net;
    auto const act = [&] { net.send_to_loopback(3); };
    SUBCASE("xdp") {
        auto const p = counted_program::load(program_type::xdp, attach_type::xdp, {.returns = 2});
        if (!p) return;
        check_ends(
            *p,
            [&] {
                return bl::attach(p->as<program_type::xdp>(),
                                  bl::hook::xdp{.ifindex = net.loopback()});
            },
            act);
    }
    SUBCASE("tcx") {
        auto const p = counted_program::load(program_type::sched_cls, {}, {.returns = -1});
        if (!p) return;
        check_ends(
            *p,
            [&] {
                return bl::attach(
                    p->as<program_type::sched_cls>(),
                    bl::hook::tcx{.ifindex = net.loopback(), .attach = attach_type::tcx_ingress});
            },
            act);
    }
}

TEST_CASE_FIXTURE(kernel_case, "teardown of a link to a cgroup") {
    sandbox::network const net;
    sandbox::cgroup group;
    group.enter();
    bl::unique_fd const directory{::open(group.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    auto const p = counted_program::load(program_type::cgroup_skb, attach_type::cgroup_inet_egress,
                                         {.returns = 1});
    if (!p) return;
    check_ends(
        *p,
        [&] {
            return bl::attach(p->as<program_type::cgroup_skb>(),
                              bl::hook::cgroup{directory, attach_type::cgroup_inet_egress});
        },
        [&] { net.send_to_loopback(3); });
    group.leave();
}

TEST_CASE_FIXTURE(kernel_case, "teardown of a link that only its closing ends") {
    SUBCASE("raw tracepoint") {
        auto const p = counted_program::load(program_type::raw_tracepoint);
        if (!p) return;
        check_ends(
            *p,
            [&] {
                return bl::attach(p->as<program_type::raw_tracepoint>(),
                                  bl::hook::raw_tracepoint{"sys_enter"});
            },
            [] { call_the_kernel(10); });
    }
    SUBCASE("kprobe") {
        auto const p = load_probe();
        if (!p) return;
        check_ends(
            *p,
            [&] {
                return bl::attach(p->as<program_type::kprobe>(),
                                  bl::hook::kprobe{.function = "bpf_fentry_test1"});
            },
            call_traced_functions);
    }
    SUBCASE("kprobe_multi") {
        auto const p = load_probe(attach_type::trace_kprobe_multi);
        if (!p) return;
        constexpr std::string_view names[]{"bpf_fentry_test1"};
        check_ends(
            *p,
            [&] {
                return bl::attach(p->as<program_type::kprobe>(),
                                  bl::hook::kprobe_multi{.symbols = names});
            },
            call_traced_functions);
    }
    SUBCASE("uprobe") {
        auto const p = load_probe();
        if (!p) return;
        check_ends(
            *p,
            [&] {
                return bl::attach(p->as<program_type::kprobe>(),
                                  bl::hook::uprobe{.binary = own_binary, .symbol = first_probed});
            },
            [] { call_first(3); });
    }
    SUBCASE("fentry") {
        auto const target = kernel_function("bpf_fentry_test1");
        if (!target) return;
        auto const p = counted_program::load(program_type::tracing, attach_type::trace_fentry,
                                             {.target = *target});
        if (!p) return;
        check_ends(
            *p, [&] { return bl::attach(p->as<program_type::tracing>(), bl::hook::tracing{}); },
            call_traced_functions);
    }
}

TEST_CASE_FIXTURE(kernel_case, "teardown refuses a link that another holds, and changes nothing") {
    sandbox::bpffs const fs;
    tracing_link t;
    must(t.l.pin(fs.path() / "own"));
    SUBCASE("another process") {
        int stop[2];
        REQUIRE(::pipe2(stop, O_CLOEXEC) == 0);
        pid_t const child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            ::close(stop[1]);
            char letter;
            ::_exit(::read(stop[0], &letter, 1) == 0 ? 0 : 1);
        }
        ::close(stop[0]);
        check_error(bl::teardown(std::move(t.l)), bl::errc::still_held,
                    {"process " + std::to_string(child), "nothing was changed"});
        CHECK(t.runs());
        ::close(stop[1]);
        int status = 0;
        CHECK(::waitpid(child, &status, 0) == child);
    }
    SUBCASE("another pin") {
        auto const other = fs.path() / "other";
        REQUIRE(::bpf_obj_pin(t.l.fd().get(), other.c_str()) == 0);
        check_error(bl::teardown(std::move(t.l)), bl::errc::still_held, {other});
        CHECK(t.runs());
        REQUIRE(::unlink(other.c_str()) == 0);
    }
    SUBCASE("libbpf in this process") {
        ::bpf_link* const other = ::bpf_link__open((fs.path() / "own").c_str());
        REQUIRE(other);
        check_error(bl::teardown(std::move(t.l)), bl::errc::still_held,
                    {"process " + std::to_string(::getpid())});
        CHECK(t.runs());
        ::bpf_link__destroy(other); // its pin is the same one, and stays
    }
    REQUIRE(t.l);
    CHECK(t.l.is_pinned());
    auto const done = must(bl::teardown(std::move(t.l)));
    CHECK(done.gone);
    CHECK_FALSE(t.runs());
}

TEST_CASE_FIXTURE(kernel_case,
                  "teardown takes a program off that another process holds, by detaching") {
    sandbox::network const net;
    programs const p{"xdp_a"};
    auto l = must(bl::attach(p.xdp("xdp_a"), bl::hook::xdp{.ifindex = net.loopback()}));
    auto const second = must(bl::link::duplicate(l.fd()));
    auto const done = must(bl::teardown(std::move(l)));
    CHECK(done.detached);
    CHECK_FALSE(done.gone);
    REQUIRE(done.left.processes.size() == 1);
    CHECK(done.left.processes[0].process == ::getpid());
    CHECK(done.left.processes[0].descriptors == 1);
    CHECK(p.runs_during("xdp_a", [&] { net.send_to_loopback(3); }) == 0);
    CHECK(second.state() == bl::link_state::defunct);
}

TEST_CASE_FIXTURE(kernel_case, "teardown of a path leaves what is not a link's pin") {
    sandbox::bpffs const fs;
    programs const p{"xdp_a"};
    auto const path = fs.path() / "prog";
    REQUIRE(::bpf_obj_pin(p.fd("xdp_a"), path.c_str()) == 0);
    check_error(bl::teardown(path), bl::errc::not_a_link, {path});
    CHECK(::access(path.c_str(), F_OK) == 0);
    check_error(bl::teardown(fs.path()), bl::errc::not_a_link);
    auto const nothing = must(bl::teardown(fs.path() / "none"));
    CHECK(nothing.gone);
    CHECK(nothing.id == bl::link_id{});
    REQUIRE(::unlink(path.c_str()) == 0);
}

TEST_CASE_FIXTURE(kernel_case,
                  "teardown of a path whose pin goes half way ends the link all the same") {
    sandbox::bpffs const fs;
    tracing_link t;
    must(t.l.pin(fs.path() / "x"));
    REQUIRE(::unlink((fs.path() / "x").c_str()) == 0);
    auto const done = must(bl::teardown(std::move(t.l)));
    CHECK(done.gone);
    CHECK(is_gone(t.id));
    CHECK_FALSE(t.runs());
}

TEST_CASE_FIXTURE(kernel_case,
                  "without the privilege to tell ids teardown says what cannot be verified") {
    tracing_link t;
    CHECK(as_nobody([&](steps& step) {
              auto const done = bl::teardown(std::move(t.l));
              step(!done && done.error() == bl::errc::permission_denied, "refused");
              step(done.error().message().find("cannot be verified") != std::string::npos, "why");
              step(static_cast<bool>(t.l), "kept");
          }) == 0);
    CHECK(t.runs());
}
