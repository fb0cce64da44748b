// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"

#include <bpflink/bpflink.hpp>

#include <sys/syscall.h>
#include <unistd.h>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;

namespace {

void call_getpid() {
    ::syscall(SYS_getpid);
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a tp_btf program runs at its tracepoint, until closed") {
    auto const id = kernel_function("sys_enter", attach_type::trace_raw_tp);
    if (!id) return;
    auto const p =
        counted_program::load(program_type::tracing, attach_type::trace_raw_tp, {.target = *id});
    if (!p) return;
    auto l = must(bl::attach(p->as<program_type::tracing>(), bl::hook::tp_btf{}));
    CHECK(p->runs_during(call_getpid) >= 1);
    CHECK(must(l.info()).type == bl::link_type::raw_tracepoint);
    CHECK(must(l.details()).name == "sys_enter");
    CHECK(bl::tp_btf_link::duplicate(l.fd()));
    must(l.close());
    CHECK(p->rests_during(call_getpid));
}

TEST_CASE_FIXTURE(kernel_case, "a tp_btf program reads the cookie of its link") {
    auto const id = kernel_function("sys_enter", attach_type::trace_raw_tp);
    if (!id) return;
    auto const p = counted_program::load(program_type::tracing, attach_type::trace_raw_tp,
                                         {.reads_cookie = true, .target = *id});
    if (!p) return;
    constexpr bl::cookie wanted{0xfeed'0000'1234'5678U};
    auto const l = must(bl::attach(p->as<program_type::tracing>(), bl::hook::tp_btf{wanted}));
    CHECK(p->runs_during(call_getpid) >= 1);
    CHECK(p->cookie() == wanted);
}
