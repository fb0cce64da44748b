// SPDX-License-Identifier: Apache-2.0
// What every run of these tests ends with: a look at the kernel's own log.
#include "kernel_log.hpp"

#include "kernel_case.hpp"

#include <doctest/doctest.h>

TEST_CASE_FIXTURE(kernel_case, "a warning of the kernel is told from its other lines") {
    for (auto const* const fault :
         {"4,1234,56789,-;WARNING: CPU: 1 PID: 4 at kernel/bpf/syscall.c:1 bpf_link_free+0x1/0x2",
          "4,1234,56789,-;WARNING: possible recursive locking detected\n SUBSYSTEM=x",
          "1,1234,56789,-;BUG: KASAN: use-after-free in bpf_link_put+0x1/0x2",
          "3,1234,56789,-;rcu: INFO: rcu_preempt self-detected stall on CPU",
          "3,1234,56789,-;INFO: task bpflink:1 blocked for more than 120 seconds.",
          "0,1234,56789,-;watchdog: BUG: soft lockup - CPU#0 stuck for 22s!"})
        CHECK_MESSAGE(kernel_log::tells_of_fault(fault), fault);
    for (auto const* const other :
         {"6,1234,56789,-;eth0: link becomes ready", "", "4", "x,1,2,-;BUG: no priority",
          "6,1,2,-;no\n BUG: not a text", "12,1234,56789,-;WARNING: by a process"})
        CHECK_FALSE_MESSAGE(kernel_log::tells_of_fault(other), other);
}
