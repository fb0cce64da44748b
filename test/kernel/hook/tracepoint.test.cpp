// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"

#include <bpflink/bpflink.hpp>

#include <chrono>
#include <thread>

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
    auto const stopped = p->runs();
    yield();
    CHECK(p->runs() == stopped);
    check_error(bl::attach(p->as<program_type::tracepoint>(),
                           bl::hook::tracepoint{"sched", "no_such_event"}),
                bl::errc::not_found, {"sched:no_such_event"});
}
