// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// Functions of the test's own executable, for uprobes to be put on.

/// Return what they are given.
int probed_a(int value);
int probed_b(int value);

/// Where such a function is in /proc/self/exe. Throws std::runtime_error when it is not there.
[[nodiscard]] std::uint64_t file_offset_of(int (*function)(int));
[[nodiscard]] std::uint64_t file_offset_of(void const* object);

/// The number in a file, such as an event's id or a perf unit's type; -1 where there is none.
[[nodiscard]] std::int64_t number_in(char const* path);
