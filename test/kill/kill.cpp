// SPDX-License-Identifier: Apache-2.0
#include "kill.hpp"

#include <csignal>
#include <cstdio>
#include <exception>

#include <doctest/doctest.h>

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int system_call_stop = SIGTRAP | 0x80; // PTRACE_O_TRACESYSGOOD

[[noreturn]] void run(std::function<void()> const& act) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    try {
        act();
    } catch (std::exception const& e) {
        std::fprintf(stderr, "in a child process: %s\n", e.what());
        ::_exit(1);
    }
    ::_exit(0);
}

/// Whether the call that a process begins or has ended does nothing but wait.
/// @param pauses  whether the one before did
bool is_pause(pid_t child, bool pauses) {
    __ptrace_syscall_info at{};
    REQUIRE(::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof at, &at) > 0);
    if (at.op != PTRACE_SYSCALL_INFO_ENTRY) return pauses; // the one that it has begun
    return at.entry.nr == SYS_clock_nanosleep || at.entry.nr == SYS_sched_yield;
}

/// Lets the child run to its `nth` stop at a system call. False: it came to its end.
bool run_to(pid_t child, int nth, int& status) {
    constexpr int of_a_call = 2; // before and after it
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSTOPPED(status));
    long const options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
    REQUIRE(::ptrace(PTRACE_SETOPTIONS, child, nullptr, options) == 0);
    for (int stops = 0, in_pauses = 0; stops != nth;) {
        REQUIRE(::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) == 0);
        REQUIRE(::waitpid(child, &status, 0) == child);
        if (!WIFSTOPPED(status)) return false;
        if (WSTOPSIG(status) != system_call_stop) continue;
        in_pauses = is_pause(child, in_pauses != 0) ? in_pauses + 1 : 0;
        if (in_pauses <= of_a_call) ++stops;
    }
    return true;
}

} // namespace

int kill_at_every_call(scenario const& what) {
    for (int nth = 1;; ++nth) {
        CAPTURE(nth);
        REQUIRE(nth < 1'000); // an operation that ends
        what.prepare();
        std::fflush(nullptr);
        pid_t const child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) run(what.act);
        int status = 0;
        bool const stopped = run_to(child, nth, status);
        if (stopped) {
            REQUIRE(::kill(child, SIGKILL) == 0);
            REQUIRE(::waitpid(child, &status, 0) == child);
            CHECK(WIFSIGNALED(status));
        } else {
            CHECK(WIFEXITED(status));
            CHECK(WEXITSTATUS(status) == 0);
        }
        what.check();
        if (!stopped) return nth - 1;
    }
}
