// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/lifecycle/teardown.hpp>
#include <bpflink/link.hpp>

#include <chrono>

namespace [[gnu::visibility("hidden")]] bpflink {

using moment = std::chrono::steady_clock::time_point;

/// Teardown of a link. Where its pin is one of a locked directory, the lock is the caller's.
/// @param l           keeps the link where that was not closed yet
/// @param settled_at  set to the moment by which the kernel has stopped the program, so that one
///                    wait is for several links; a null pointer: this waits
[[nodiscard]] result<teardown_report> end_verified(link& l, moment deadline,
                                                   moment* settled_at = nullptr);

void pause_until(moment end);

} // namespace bpflink
