// SPDX-License-Identifier: Apache-2.0
#include "prober.hpp"

#include <bpflink/perf_events.hpp>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace {

using namespace std::chrono_literals;
using bl::errc;
using bl::hardware_event;
using bl::operation;
using bl::software_event;

constexpr std::uint64_t by_frequency = 1 << 10; // perf_event_attr::freq

constexpr bl::software_counter faults{software_event::page_faults, bl::sample_period{1}};
constexpr bl::hardware_counter cycles{hardware_event::cpu_cycles, bl::sample_frequency{99}};

struct event_machine : event_prober {
    event_machine() {
        files["/sys/devices/system/cpu/online"] = "0-1,3\n";
        files["/proc/sys/kernel/perf_event_max_sample_rate"] = "100000\n";
        forget_calls();
    }
    template <class What>
    void refuses(What const& what, int number, errc condition,
                 std::initializer_list<std::string_view> texts) {
        auto const before = open_descriptors();
        for (auto const each : {false, true}) {
            CAPTURE(each);
            if (number != 0) fail(call::perf_event_open, number, each ? 2 : 1);
            auto const why = each ? bl::perf_events_on_each_cpu(what).error()
                                  : bl::open_perf_event(what).error();
            check_error(why, number == 0 ? EINVAL : number, operation::perf_event_open, condition,
                        texts);
            CHECK(open_descriptors() == before); // those of other processors are closed
        }
    }
};

} // namespace

TEST_CASE_FIXTURE(event_machine,
                  "an event is opened on the first processor, by period or by time") {
    CHECK(bl::open_perf_event(faults));
    CHECK(calls(call::perf_event_open) == 1);
    CHECK(last_perf_event.attr.type == 1);
    CHECK(last_perf_event.attr.config == 2);
    CHECK(last_perf_event.attr.sample_period == 1);
    CHECK(last_perf_event.attr.flags == 0);
    CHECK(last_perf_event.pid == -1);
    CHECK(last_perf_event.cpu == 0);
    CHECK(bl::open_perf_event(cycles));
    CHECK(last_perf_event.attr.type == 0);
    CHECK(last_perf_event.attr.config == 0);
    CHECK(last_perf_event.attr.sample_period == 99);
    CHECK(last_perf_event.attr.flags == by_frequency);
    CHECK(bl::open_perf_event(bl::interval_timer{10ms}));
    CHECK(last_perf_event.attr.type == 1);
    CHECK(last_perf_event.attr.config == 0);
    CHECK(last_perf_event.attr.sample_period == 10'000'000);
    CHECK(last_perf_event.attr.flags == 0);
}

TEST_CASE_FIXTURE(event_machine, "a watchpoint goes along with its thread, or is a processor's") {
    constexpr bl::watchpoint here{.address = 0x1000, .length = 4, .pid = 7};
    CHECK(bl::open_perf_event(here));
    CHECK(last_perf_event.attr.type == 5);
    CHECK(last_perf_event.attr.bp_type == 2);
    CHECK(last_perf_event.attr.name == 0x1000);
    CHECK(last_perf_event.attr.offset == 4);
    CHECK(last_perf_event.attr.sample_period == 1);
    CHECK(last_perf_event.pid == 7);
    CHECK(last_perf_event.cpu == -1);
    auto const each = bl::perf_events_on_each_cpu(
        bl::watchpoint{.address = 0x1003, .accesses = bl::memory_access::execute});
    REQUIRE(succeeded(each));
    CHECK(each->size() == 3);
    CHECK(last_perf_event.attr.bp_type == 4);
    CHECK(last_perf_event.attr.offset == sizeof(long));
    CHECK(last_perf_event.pid == -1);
    CHECK(last_perf_event.cpu == 3);
    auto const twice = bl::perf_events_on_each_cpu(here);
    check_error(twice, EINVAL, operation::perf_event_open, errc::invalid_argument,
                {"watchpoint of write at 0x1000", "open_perf_event()"});
}

TEST_CASE_FIXTURE(event_machine, "why a watchpoint is not opened is told") {
    bl::watchpoint const here{.address = 0x1002, .length = 2};
    auto with = here;
    with.length = 3;
    refuses(with, 0, errc::invalid_argument, {"1, 2, 4 or 8 bytes"});
    with.length = 4;
    with.accesses = bl::memory_access{};
    refuses(with, 0, errc::invalid_argument, {"reads, writes, both or execution"});
    with = here;
    with.pid = -1;
    refuses(with, 0, errc::invalid_argument, {"not negative"});
    with.pid.reset();
    with.length = 4;
    refuses(with, 0, errc::invalid_argument, {"not a multiple of the 4 bytes"});
    with.length = 2;
    refuses(with, EINVAL, errc::invalid_argument, {"have this address watched"});
#if defined(__x86_64__)
    with.accesses = bl::memory_access::read;
    refuses(with, EINVAL, errc::not_supported, {"reads alone", "reads and writes"});
#endif
    refuses(here, ENOSPC, errc::hook_busy, {"are taken", "close one"});
    refuses(here, ENOENT, errc::not_supported, {"no watchpoints"});
    with = {.address = std::uint64_t{0xff} << 56};
    lacks_capabilities = {21};
    refuses(with, EPERM, errc::permission_denied, {"CAP_SYS_ADMIN", "the kernel's memory"});
    with.pid = 7;
    fail(call::perf_event_open, ESRCH);
    auto const gone = bl::open_perf_event(with);
    check_error(gone, ESRCH, operation::perf_event_open, errc::not_found, {"no thread 7"});
}

TEST_CASE_FIXTURE(event_machine, "each processor that is online has an event") {
    auto const all = bl::perf_events_on_each_cpu(bl::interval_timer{1ms});
    REQUIRE(succeeded(all));
    CHECK(all->size() == 3);
    CHECK(last_perf_event.cpu == 3);
    CHECK(calls(call::perf_event_open) == 3);
    SUBCASE("one that goes offline meanwhile is left out") {
        fail(call::perf_event_open, ENODEV, 2);
        auto const rest = bl::perf_events_on_each_cpu(faults);
        REQUIRE(succeeded(rest));
        CHECK(rest->size() == 2);
    }
    SUBCASE("nothing is known of them") {
        files.erase("/sys/devices/system/cpu/online");
        auto const none = bl::perf_events_on_each_cpu(faults);
        REQUIRE_FALSE(none);
        CHECK(none.error().code().value() == ENOENT);
        CHECK(none.error().message().find("cpu/online") != std::string::npos);
    }
    SUBCASE("what is told is not a list") {
        for (auto const* const text : {"\n", "x\n", "0-\n", "0,\n", "0 1\n"}) {
            CAPTURE(text);
            files["/sys/devices/system/cpu/online"] = text;
            auto const before = open_descriptors();
            auto const none = bl::perf_events_on_each_cpu(faults);
            check_error(none, EINVAL, operation::read, errc{}, {"does not list processors"});
            CHECK(open_descriptors() == before);
        }
    }
}

TEST_CASE_FIXTURE(event_machine, "an event that runs no program is refused before it is opened") {
    auto const mistake = [&](auto const& what, std::string_view text) {
        refuses(what, 0, errc::invalid_argument, {text});
        CHECK(system_calls() == 0);
    };
    mistake(bl::software_counter{software_event::page_faults, {}}, "never overflows");
    mistake(bl::hardware_counter{hardware_event::instructions, bl::sample_frequency{}},
            "never overflows");
    mistake(bl::interval_timer{}, "never overflows");
    mistake(bl::interval_timer{-1ns}, "never overflows");
    mistake(bl::software_counter{software_event::cpu_clock, bl::sample_period{1ULL << 63}},
            "below 2^63");
}

TEST_CASE_FIXTURE(event_machine, "why an event is not opened is told") {
    refuses(cycles, ENOENT, errc::not_supported, {"cpu_cycles", "virtual machine"});
    refuses(faults, ENOENT, errc::not_supported, {"page_faults", "no such software event"});
    refuses(cycles, EOPNOTSUPP, errc::not_supported, {"do not interrupt"});
    refuses(cycles, EINVAL, errc::not_supported, {"cpu_cycles", "so short a period"});
    refuses(cycles, EBUSY, errc{}, {"another user"});
    refuses(faults, ENOSYS, errc::not_supported, {"perf_event_open(2)"});
    refuses(faults, EMFILE, errc{}, {});
    refuses(faults, EPERM, errc::permission_denied, {"filter of system calls"});
}

TEST_CASE_FIXTURE(event_machine, "a frequency above the kernel's limit is told with the limit") {
    bl::software_counter const often{software_event::cpu_clock, bl::sample_frequency{200'000}};
    refuses(often, EINVAL, errc::invalid_argument, {"perf_event_max_sample_rate (100000)"});
}

TEST_CASE_FIXTURE(event_machine, "a missing capability is told from a security module") {
    refuses(faults, EACCES, errc::permission_denied, {"security module"});
    lacks_capabilities = {21, 38};
    refuses(faults, EACCES, errc::permission_denied, {"CAP_PERFMON is missing"});
}
