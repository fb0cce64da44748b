// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

namespace tool {

/// The process, if there is one that /proc shows: else it would seem to have nothing.
/// @errors not_found          there is none, or /proc is not mounted
///         permission_denied  /proc hides it
[[nodiscard]] bpflink::result<unsigned> find_process(unsigned process);

} // namespace tool
