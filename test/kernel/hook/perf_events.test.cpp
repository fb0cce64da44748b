// SPDX-License-Identifier: Apache-2.0
// Programs on events of each source run when these overflow.
#include "counted.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"

#include <bpflink/bpflink.hpp>

#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

namespace bl = bpflink;
using bl::program_type;
using namespace std::chrono_literals;

namespace {

/// A page of this process that is written to for the first time.
void fault() {
    auto const size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    auto* const page =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(page != MAP_FAILED);
    *static_cast<char volatile*>(page) = 1;
    ::munmap(page, size);
}

/// The program runs on one of the events while `action` does, and not after they are closed.
template <class Action>
void check_runs(bl::result<std::vector<bl::unique_fd>> opened, Action action) {
    auto const p = counted_program::load(program_type::perf_event);
    if (!p) return;
    auto events = must(std::move(opened));
    REQUIRE_FALSE(events.empty());
    std::vector<bl::link> links;
    for (auto const& event : events) {
        auto made = bl::attach(p->as<program_type::perf_event>(), bl::hook::perf_event{event});
        if (is_unsupported(made)) return;
        links.push_back(must(std::move(made)));
    }
    events.clear(); // the links keep them
    CHECK(eventually([&] {
        action();
        return p->runs() > 0;
    }));
    links.clear();
    CHECK(p->rests_during(action));
}

std::vector<bl::unique_fd> only(bl::unique_fd event) {
    std::vector<bl::unique_fd> all;
    all.push_back(std::move(event));
    return all;
}

constexpr auto pause = [] { std::this_thread::sleep_for(20ms); };

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a timer runs a program by time, on one processor and on each") {
    check_runs(bl::open_perf_event(bl::interval_timer{1ms}).map(only), pause);
    auto each = must(bl::perf_events_on_each_cpu(bl::interval_timer{1ms}));
    CHECK(each.size() == static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_ONLN)));
    check_runs(std::move(each), pause);
}

TEST_CASE_FIXTURE(kernel_case, "a software event runs a program by count and by frequency") {
    using bl::software_event;
    check_runs(bl::perf_events_on_each_cpu(
                   bl::software_counter{software_event::page_faults, bl::sample_period{1}}),
               fault);
    check_runs(bl::perf_events_on_each_cpu(
                   bl::software_counter{software_event::cpu_clock, bl::sample_frequency{1000}}),
               pause);
}

TEST_CASE_FIXTURE(kernel_case, "a hardware event runs a program where the processor counts it") {
    auto opened = bl::perf_events_on_each_cpu(
        bl::hardware_counter{bl::hardware_event::instructions, bl::sample_period{100'000}});
    if (!opened && opened.error() == bl::errc::not_supported) {
        check_error(opened, bl::errc::not_supported, {"instructions"});
        return skip_case("the processor counts no instructions here");
    }
    check_runs(std::move(opened), pause);
}

TEST_CASE_FIXTURE(kernel_case, "a frequency that the kernel does not allow is refused") {
    bl::software_counter const often{bl::software_event::cpu_clock,
                                     bl::sample_frequency{4'000'000'000}};
    check_error(bl::open_perf_event(often), bl::errc::invalid_argument,
                {"kernel.perf_event_max_sample_rate ("});
}

TEST_CASE_FIXTURE(kernel_case, "a watchpoint runs a program each time that memory is used") {
    static std::uint64_t volatile watched = 0;
    auto const address = reinterpret_cast<std::uintptr_t>(&watched);
    auto const runs_of = [&](bl::result<std::vector<bl::unique_fd>> opened, auto action) {
        auto const p = counted_program::load(program_type::perf_event);
        if (!p) return std::uint64_t{0};
        auto events = must(std::move(opened));
        std::vector<bl::link> links;
        for (auto const& event : events) {
            auto made = bl::attach(p->as<program_type::perf_event>(), bl::hook::perf_event{event});
            if (is_unsupported(made)) return std::uint64_t{0};
            links.push_back(must(std::move(made)));
        }
        return p->runs_during(action);
    };
    if (!bl::supports<bl::hook::perf_event>()) return skip_case("the kernel has no such links");
    auto first = bl::open_perf_event(bl::watchpoint{.address = address, .pid = 0});
    if (!first && first.error() == bl::errc::not_supported)
        return skip_case("no watchpoints are here: " + first.error().message());
    auto const write_twice = [] {
        watched = 1;
        watched = 2;
    };
    CHECK(runs_of(std::move(first).map(only), write_twice) == 2);
    CHECK(runs_of(bl::open_perf_event(bl::watchpoint{.address = address,
                                                     .accesses = bl::memory_access::read_write,
                                                     .pid = 0})
                      .map(only),
                  [] { watched = watched + 1; }) == 2);
    CHECK(runs_of(bl::perf_events_on_each_cpu(bl::watchpoint{.address = address}), write_twice) ==
          2);
    CHECK(runs_of(bl::open_perf_event(
                      bl::watchpoint{.address = reinterpret_cast<std::uintptr_t>(&::getppid),
                                     .accesses = bl::memory_access::execute,
                                     .pid = 0})
                      .map(only),
                  [] { (void)::getppid(); }) == 1);
    check_error(bl::open_perf_event(bl::watchpoint{.address = address + 2, .length = 4, .pid = 0}),
                bl::errc::invalid_argument, {"not a multiple"});
    std::vector<bl::unique_fd> all;
    auto next = bl::open_perf_event(bl::watchpoint{.address = address, .pid = 0});
    for (; next && all.size() != 64;
         next = bl::open_perf_event(bl::watchpoint{.address = address, .pid = 0}))
        all.push_back(std::move(*next));
    check_error(next, bl::errc::hook_busy, {"watchpoints of the processor are taken"});
}
