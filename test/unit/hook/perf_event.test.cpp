// SPDX-License-Identifier: Apache-2.0
#include "prober.hpp"

#include <bpflink/bpflink.hpp>

#include <array>
#include <utility>
#include <variant>

namespace {

using bl::errc;
using bl::operation;

} // namespace

TEST_CASE_FIXTURE(event_prober, "a perf event of the caller's is attached to in one call") {
    auto const event = open_file();
    auto const link =
        bl::attach(prog, bl::hook::perf_event{.event = event, .cookie = bl::cookie{5}});
    REQUIRE(succeeded(link));
    CHECK(system_calls() == 1);
    CHECK(last_create.target == static_cast<std::uint32_t>(event.get()));
    CHECK(last_create.attach_type == perf_event_attach);
    CHECK(last_create.perf_event.cookie == 5);
    CHECK(link->info()->type == bl::link_type::perf_event);
    CHECK_FALSE(bl::tracing_link::duplicate(link->fd()));
}

TEST_CASE_FIXTURE(event_prober, "hooks of perf events are told apart where the kernel tells") {
    using enum bl::match;
    auto const answers = [](auto event) {
        bl::link_info const info{.type = bl::link_type::perf_event,
                                 .details = bl::perf_event_details{std::move(event)}};
        return std::array{bl::hook_traits<bl::hook::perf_event>::matches(info),
                          bl::hook_traits<bl::hook::tracepoint>::matches(info),
                          bl::hook_traits<bl::hook::kprobe>::matches(info),
                          bl::hook_traits<bl::hook::uprobe>::matches(info)};
    };
    // The caller's own event may be of any sort.
    CHECK(answers(bl::perf_counter{}) == std::array{yes, no, no, no});
    CHECK(answers(bl::perf_tracepoint{}) == std::array{unknown, yes, no, no});
    CHECK(answers(bl::perf_kprobe{}) == std::array{unknown, no, yes, no});
    CHECK(answers(bl::perf_uprobe{}) == std::array{unknown, no, no, yes});
    CHECK(answers(std::monostate{}) == std::array{unknown, unknown, unknown, unknown});
    CHECK(bl::hook_traits<bl::hook::kprobe>::matches({.type = bl::link_type::xdp}) == no);
}

TEST_CASE_FIXTURE(event_prober, "what is wrong with a perf event is told") {
    auto const event = open_file();
    bl::hook::perf_event const where{.event = event};
    unlinked(where, EEXIST, errc::already_exists, {"the event has a program already"});
    unlinked(where, EBADF, errc::invalid_argument,
             {"; the event's descriptor is not a perf event's"});
    unlinked(bl::hook::perf_event{.event = bl::fd_view{99}}, EBADF, errc::invalid_argument,
             {"; the event's descriptor is not open"});
    unlinked(where, E2BIG, no_condition, {"64 programs"});
    unlinked(where, EPROTO, errc::invalid_argument, {"PERF_SAMPLE_CALLCHAIN"});
    unlinked(where, EINVAL, errc::invalid_argument, {"type does not go with the event's"});
    unlinked(where, EACCES, errc::permission_denied, {"security module"});
    unlinked(where, EPERM, errc::permission_denied, {"security module"});
}

// E21
TEST_CASE_FIXTURE(event_prober, "a perf event's program is looked at before the kernel is blamed") {
    auto const event = open_file();
    blames_program(bl::hook::perf_event{.event = event});
    blames_closed_program(bl::hook::perf_event{.event = event});
}

// F6
TEST_CASE_FIXTURE(tracepoint_prober, "a caller's event of a tracepoint has a record, too") {
    auto const event = open_file();
    fail(call::link_create, EBADF, 2);
    unlinked(bl::hook::perf_event{.event = event}, EACCES, errc::invalid_argument,
             {"reads past its tracepoint's record"});
    unlinked(bl::hook::perf_event{.event = event}, EEXIST, errc::already_exists,
             {"one of: ", "the event has a program", "the program is on the tracepoint"});
    has_sleepers = true;
    unlinked(bl::hook::perf_event{.event = event}, EINVAL, errc::invalid_argument,
             {"one of: ", "the program sleeps, or changes registers"});
}
