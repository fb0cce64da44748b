// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

/// The kinds of object that bpf(2) hands out descriptors of, as far as this library cares.
enum class object_kind { link, program, map, other };

/// Which kind of object a descriptor is. BPF_OBJ_GET_INFO_BY_FD cannot tell: it answers for any
/// kind, in that kind's own struct.
/// @errors EBADF  not open; and bpf(2)'s refusal where /proc does not tell either
[[nodiscard]] result<object_kind> identify(fd_view fd);

/// Succeeds when `fd` is a program.
/// @param subject  for the message
/// @errors invalid_argument; EBADF
[[nodiscard]] result<void> require_program(fd_view fd, std::string subject);

/// Succeeds when `fd` is a map.
/// @param subject  for the message
/// @errors invalid_argument; EBADF
[[nodiscard]] result<void> require_map(fd_view fd, std::string subject);

/// Succeeds when `fd` is a link.
/// @param subject  for the message
/// @errors not_a_link; EBADF
[[nodiscard]] result<void> require_link(fd_view fd, std::string subject);

[[nodiscard]] inline std::string describe(fd_view fd) {
    return "descriptor " + std::to_string(fd.get());
}

} // namespace bpflink
