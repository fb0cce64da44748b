// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace tool {

/// Fills each standard descriptor that is closed with one that refuses reads and writes. A file
/// that is opened later would be taken for standard output.
void reserve_standard_descriptors() noexcept;

/// Writes to standard output. Throws std::system_error; EPIPE is one of the errors, not a signal.
void print(std::string_view text);

/// A line on standard output, of any bytes: control characters for a terminal are escaped.
void say(std::string_view line);

/// Makes sure that everything has arrived.
void flush();

/// Waits until a descriptor can be read. False if nobody reads standard output any more.
[[nodiscard]] bool wait_while_read(int fd);

/// A line on standard error, after the program's name; that it cannot be written is not noticed.
void complain(std::string_view message) noexcept;

} // namespace tool
