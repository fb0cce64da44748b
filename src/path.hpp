// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/ids.hpp>

#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {

/// `path` from the root, so that a later chdir changes nothing.
/// @errors invalid_argument  empty
[[nodiscard]] result<std::string> absolute(std::string_view path, operation where);

/// All but the last name of an absolute path.
[[nodiscard]] std::string directory_of(std::string_view path);

/// Whether two absolute paths are one name in one directory, however they are spelled.
[[nodiscard]] bool is_same_place(std::string const& a, std::string const& b);

/// Opens the pin at an absolute path.
[[nodiscard]] result<unique_fd> open_pin(std::string const& path);

/// The id of the link pinned at `path`.
/// @errors not_a_link, and as open_pin
[[nodiscard]] result<link_id> pinned_link_id(std::string const& path);

/// Puts a reason to what the kernel said of a place that a pin was to be made at.
[[nodiscard]] tl::unexpected<error> fail_at(int outcome, operation where, std::string const& path);

} // namespace bpflink
