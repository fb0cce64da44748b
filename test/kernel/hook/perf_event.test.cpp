// SPDX-License-Identifier: Apache-2.0
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "probe_targets.hpp"

#include <bpflink/bpflink.hpp>

#include <chrono>
#include <cstring>
#include <string>
#include <thread>

namespace bl = bpflink;
using bl::attach_type;
using bl::program_type;

namespace {

constexpr bl::cookie wanted{0xfeed'0000'1234'5678U};

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a perf event's program runs when it overflows, until closed") {
    auto const p = counted_program::load(program_type::perf_event, {}, {.reads_cookie = true});
    if (!p) return;
    auto event = open_clock(1'000'000);
    if (!event) return skip_case(std::string{"no software event: "} + std::strerror(errno));
    auto made = bl::attach(p->as<program_type::perf_event>(), bl::hook::perf_event{event, wanted});
    if (is_unsupported(made)) return;
    auto l = must(std::move(made));
    check_error(bl::attach(p->as<program_type::perf_event>(), bl::hook::perf_event{event}),
                bl::errc::already_exists, {"program already"});
    must(event.close()); // the link keeps it
    CHECK(eventually([&] { return p->runs() > 0; }));
    CHECK(p->cookie() == wanted);
    CHECK(must(l.info()).type == bl::link_type::perf_event);
    CHECK(must(l.info()).program == id_of_program(p->fd()));
    auto untyped = must(bl::link::duplicate(l.fd()));
    check_error(untyped.update(p->as<program_type::perf_event>()), bl::errc::not_supported,
                {"(perf_event)"});
    check_error(untyped.detach(), bl::errc::not_supported, {"(perf_event)"});
    must(untyped.close());
    must(l.close());
    CHECK(p->rests_during([] { std::this_thread::sleep_for(std::chrono::milliseconds{20}); }));
}

TEST_CASE_FIXTURE(kernel_case, "a descriptor of no perf event is refused") {
    auto const p = counted_program::load(program_type::perf_event);
    if (!p) return;
    auto const map = make_map();
    auto const made = bl::attach(p->as<program_type::perf_event>(), bl::hook::perf_event{map});
    if (is_unsupported(made)) return;
    check_error(made, bl::errc::invalid_argument, {"perf event at descriptor"});
}
