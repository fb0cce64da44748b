// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether the place of a member is missing, so that the set may do without it.

#include <bpflink/lifecycle/candidate.hpp>

#include <optional>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Whether an attach failed as a hook or its target is missing.
[[nodiscard]] bool is_missing(error const& why);

/// Why a candidate cannot be there, as far as that is told without an attach.
[[nodiscard]] std::optional<error> missing(detail::kept_candidate const& candidate);

/// Why a place is missing, by attaching a program that does nothing, so that no two do anything
/// there. Empty where it is there, and where only the program itself would tell.
[[nodiscard]] std::optional<error> missing_to_nothing(detail::wanted_link const& wanted);

} // namespace bpflink
