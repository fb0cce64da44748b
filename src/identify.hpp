// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>

#include <string>
#include <string_view>

namespace bpflink {

/// The kinds of object that bpf(2) hands out descriptors of, as far as this library cares.
enum class object_kind { link, program, map, other };

/// Which kind of object a descriptor is. BPF_OBJ_GET_INFO_BY_FD cannot tell: it answers for any
/// kind, in that kind's own struct.
/// @errors EBADF  not open
[[nodiscard]] result<object_kind> identify(fd_view fd);

/// Succeeds when `fd` is of the wanted kind.
/// @param needed  what the message says when it is not
/// @errors invalid_argument; EBADF
[[nodiscard]] result<void> require_kind(fd_view fd, object_kind wanted, operation where,
                                        char const* needed);

/// Succeeds when `fd` is a link.
/// @param subject  for the message
/// @errors not_a_link; EBADF
[[nodiscard]] result<void> require_link(fd_view fd, std::string subject);

/// Opens the pin at an absolute path.
[[nodiscard]] result<unique_fd> open_pin(std::string const& path);

/// The id of the link pinned at `path`.
/// @errors not_a_link, and as open_pin
[[nodiscard]] result<link_id> pinned_link_id(std::string const& path);

/// `path` from the root, so that a later chdir changes nothing.
/// @errors invalid_argument  empty
[[nodiscard]] result<std::string> absolute(std::string_view path, operation where);

[[nodiscard]] inline std::string describe(fd_view fd) {
    return "descriptor " + std::to_string(fd.get());
}

} // namespace bpflink
