// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Says why the kernel did not tell of an object (BPF_OBJ_GET_INFO_BY_FD).
/// @param outcome  errno, negated
/// @param what     link_get_info, prog_get_info or map_get_info
[[nodiscard]] tl::unexpected<error> refuse_info(int outcome, operation what, fd_view object);

} // namespace bpflink
