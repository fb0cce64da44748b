// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/fd.hpp>

#include <string>
#include <string_view>
#include <vector>

/// The kernel's own log from the construction on.
class kernel_log {
public:
    kernel_log() noexcept;

    /// The lines so far that tell of a fault in the kernel: a warning, a lock, memory, a stall.
    /// Where the log cannot be read, a line on stdout says so.
    [[nodiscard]] std::vector<std::string> faults();

    /// Whether a record of /dev/kmsg tells of a fault. What a process wrote does not.
    [[nodiscard]] static bool tells_of_fault(std::string_view record) noexcept;

private:
    bpflink::unique_fd file_;
    int refusal_ = 0; // errno
};
