// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "probe_targets.hpp"

#include <bpflink/bpflink.hpp>

#include <chrono>
#include <thread>

#include <unistd.h>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;

namespace {

constexpr bl::cookie wanted{0xfeed'0000'1234'5678U};

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a tracepoint's program runs on its event, until closed") {
    auto const p = counted_program::load(program_type::tracepoint, {}, {.reads_cookie = true});
    if (!p) return;
    auto const yield = [] { std::this_thread::sleep_for(std::chrono::milliseconds{5}); };
    auto made = bl::attach(p->as<program_type::tracepoint>(),
                           bl::hook::tracepoint{"sched", "sched_switch", wanted});
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
    CHECK(p->runs_during(yield) > 0);
    CHECK(p->cookie() == wanted);
    CHECK(bl::tracepoint_link::duplicate(l.fd()));
    must(l.close());
    CHECK(p->rests_during(yield));
    check_error(bl::attach(p->as<program_type::tracepoint>(),
                           bl::hook::tracepoint{"sched", "no_such_event"}),
                bl::errc::not_found, {"sched:no_such_event"});
}

// F6
TEST_CASE_FIXTURE(kernel_case, "a tracepoint's program that reads past its record is told so") {
    auto const p = counted_program::load(program_type::tracepoint, {}, {.reads_at = 1'024});
    if (!p) return;
    auto const made = bl::attach(p->as<program_type::tracepoint>(),
                                 bl::hook::tracepoint{"sched", "sched_switch"});
    if (is_unsupported(made)) return;
    check_error(made, bl::errc::invalid_argument,
                {"reads past this tracepoint's record (", "bytes)"});
    auto const event = open_tracepoint("sched/sched_switch");
    check_error(bl::attach(p->as<program_type::tracepoint>(), bl::hook::perf_event{event}),
                bl::errc::invalid_argument, {"reads past its tracepoint's record"});
}

TEST_CASE_FIXTURE(kernel_case, "a program is on a tracepoint once") {
    auto const p = counted_program::load(program_type::tracepoint);
    if (!p) return;
    bl::hook::tracepoint const where{"sched", "sched_switch"};
    auto const first = bl::attach(p->as<program_type::tracepoint>(), where);
    if (is_unsupported(first)) return;
    must(first.map([](auto const&) {}));
    check_error(bl::attach(p->as<program_type::tracepoint>(), where), bl::errc::already_exists,
                {"the program is on the tracepoint already"});
}

// E21, E22
TEST_CASE_FIXTURE(kernel_case, "what a program is decides before the kernel is blamed") {
    auto const p = counted_program::load(program_type::xdp);
    if (!p) return;
    bl::hook::tracepoint const where{"sched", "sched_switch"};
    auto const made = bl::attach(lent_program<program_type::tracepoint>{p->fd(), {}}, where);
    check_error(made, bl::errc::invalid_argument, {"of type xdp, and tracepoint is needed"});
    auto const map = make_map();
    check_error(bl::attach(lent_program<program_type::tracepoint>{map, {}}, where),
                bl::errc::invalid_argument, {"is not a BPF program"});
    check_error(bl::attach(lent_program<program_type::tracepoint>{bl::fd_view{4'000}, {}}, where),
                bl::errc::invalid_argument, {"the program's descriptor is not open"});
}

TEST_CASE_FIXTURE(kernel_case, "a program that sleeps is on a tracepoint of a system call alone") {
    auto const p = counted_program::load(program_type::tracepoint, {}, {.sleeps = true});
    if (!p) return;
    for (auto const& where : {bl::hook::tracepoint{"sched", "sched_switch"},
                              bl::hook::tracepoint{"raw_syscalls", "sys_enter"}})
        check_error(bl::attach(p->as<program_type::tracepoint>(), where),
                    bl::errc::invalid_argument, {"the program sleeps"});
    auto const l = must(bl::attach(p->as<program_type::tracepoint>(),
                                   bl::hook::tracepoint{"syscalls", "sys_enter_getppid"}));
    CHECK(p->runs_during([] { static_cast<void>(::getppid()); }) >= 1);
}
