// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/duration.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace bpflink {

// Perf events for hook::perf_event: opened and counting, with nothing attached yet.

/// An event that the kernel's software counts.
enum class software_event : std::uint64_t {
    cpu_clock,        ///< nanoseconds of a processor
    task_clock,       ///< nanoseconds of tasks on it
    page_faults,      ///< of both sorts
    context_switches, ///< from one task to another
    cpu_migrations,   ///< of tasks, from another processor
    page_faults_min,  ///< without input or output
    page_faults_maj,  ///< with input or output
    alignment_faults, ///< that the kernel mended
    emulation_faults, ///< instructions that the kernel emulated
    dummy,            ///< nothing
    bpf_output,       ///< output of BPF programs
    cgroup_switches,  ///< from a task to one of another cgroup; since 5.13
};

/// An event that most processors count.
enum class hardware_event : std::uint64_t {
    cpu_cycles,              ///< of any frequency
    instructions,            ///< retired
    cache_references,        ///< usually of the last level
    cache_misses,            ///< usually of the last level
    branch_instructions,     ///< retired
    branch_misses,           ///< mispredicted
    bus_cycles,              ///< of another clock than cpu_cycles
    stalled_cycles_frontend, ///< while instructions are issued
    stalled_cycles_backend,  ///< while instructions are retired
    ref_cpu_cycles,          ///< of one frequency
};

/// Overflows each time that this many events have happened. A clock counts nanoseconds.
struct sample_period {
    std::uint64_t events = 0; ///< below 2^63; 0 is refused
};

/// Overflows about this many times a second.
struct sample_frequency {
    std::uint64_t hertz = 0; ///< at most kernel.perf_event_max_sample_rate; 0 is refused
};

/// When an event overflows, and its program runs.
using sample_rate = std::variant<sample_period, sample_frequency>;

/// A software event on a processor, in every process. Clocks overflow after 10 us at the soonest.
struct software_counter {
    software_event event = software_event::cpu_clock; ///< which
    sample_rate sample;                               ///< when the program runs
};

/// A hardware event on a processor, in every process and in the kernel.
struct hardware_counter {
    hardware_event event = hardware_event::cpu_cycles; ///< which
    sample_rate sample;                                ///< when the program runs
};

/// A timer: cpu_clock by time. On one processor it is bpftrace's "interval", on each "profile".
struct interval_timer {
    std::chrono::nanoseconds period{}; ///< 10 us at least: shorter ones are as long
};

/// The accesses to memory that a watchpoint waits for.
enum class memory_access : std::uint32_t {
    read = 1,       ///< on x86-64 never alone
    write = 2,      ///< also of what is there already
    read_write = 3, ///< either
    execute = 4,    ///< of the instruction that begins there
};

/// A watchpoint: the program runs when memory is used, by the processor's debug registers.
///
/// Processors have few of these (4 on x86-64) for all users together. On a processor, an address of
/// user space is that of every process, so a thread's is better watched by its number. That event
/// goes along from processor to processor; threads that it starts do not have it.
struct watchpoint {
    std::uint64_t address = 0; ///< in the thread's memory, or the kernel's; a multiple of `length`
    std::uint64_t length = 8;  ///< bytes: 1, 2, 4 or 8; ignored for `execute`
    memory_access accesses = memory_access::write; ///< those it waits for
    std::optional<int> pid = std::nullopt;         ///< a thread; 0: this one; empty: every one
    sample_rate sample = sample_period{1};         ///< when the program runs: each time
};

/// Opens a perf event on the first processor that is online.
///
/// The event counts at once, and runs a program when one is attached: hook::perf_event{event}. The
/// link holds the event, so that its descriptor may be closed.
/// @errors invalid_argument   a period or frequency of 0 or out of range; a frequency above
///                            kernel.perf_event_max_sample_rate; a negative period of a timer
///         not_supported      the processor, or the virtual machine, does not count this event, or
///                            does not interrupt (so often); a kernel without the event
///         permission_denied  CAP_PERFMON is missing; a security module; a filter of system calls
///         EBUSY              another user has the processor's counters for its own
///         invalid_argument   and of a watchpoint: another length; an address that is not a
///                            multiple of it, or that the kernel does not have watched
///         not_supported      and of a watchpoint: reads alone, on x86-64
///         hook_busy          all watchpoints of the processor are taken
///         not_found          there is no such thread
///         ENODEV             no processor is known to be online
///         and EMFILE, ENFILE, ENOMEM
/// @kernel kernel/events/core.c, perf_event_open(); read at v6.12
/// @cost 1 system call; 4 more where processor 0 is offline
[[nodiscard]] result<unique_fd> open_perf_event(software_counter const& what);
/// The same for a hardware event.
[[nodiscard]] result<unique_fd> open_perf_event(hardware_counter const& what);
/// The same for a timer.
[[nodiscard]] result<unique_fd> open_perf_event(interval_timer const& what);
/// The same for a watchpoint; that of a thread is on every processor. The kernel's memory needs
/// CAP_SYS_ADMIN.
/// @kernel kernel/events/hw_breakpoint.c, hw_breakpoint_parse(); read at v6.12
[[nodiscard]] result<unique_fd> open_perf_event(watchpoint const& what);

/// Opens a perf event on each processor that is online, in the order of their numbers. A processor
/// that goes offline takes its event along, and one that comes later has none: open anew then.
///
/// All or nothing. Attach the program to each: one link an event.
/// @errors as open_perf_event
///         ENOENT  /sys is not mounted, which tells the processors
/// @cost 3 system calls, and 1 a processor
[[nodiscard]] result<std::vector<unique_fd>> perf_events_on_each_cpu(software_counter const& what);
/// The same for a hardware event.
[[nodiscard]] result<std::vector<unique_fd>> perf_events_on_each_cpu(hardware_counter const& what);
/// The same for a timer: bpftrace's "profile".
[[nodiscard]] result<std::vector<unique_fd>> perf_events_on_each_cpu(interval_timer const& what);
/// The same for a watchpoint of every thread.
/// @errors invalid_argument  `pid` is named: one event is enough
[[nodiscard]] result<std::vector<unique_fd>> perf_events_on_each_cpu(watchpoint const& what);

} // namespace bpflink
