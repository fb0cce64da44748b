// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

#include <string>

namespace service {

/// Keeps other instances from a directory of pins, in any namespaces: by flock(2) of a directory in
/// it, as a bpffs has no files. However the process ends, the kernel lets it go.
/// @param pins  made where it is missing; has to be on a bpffs
/// @errors timed_out  another instance has it
///         and as link_set::open
[[nodiscard]] bpflink::result<bpflink::unique_fd> lock_pins(std::string const& pins);

} // namespace service
