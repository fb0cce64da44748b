// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ends of a set's links.

#include "lifecycle/ensuring.hpp"

#include <bpflink/lifecycle/teardown.hpp>
#include <bpflink/link.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// A link that is to end: at a pin, a member's, or both.
struct ending {
    std::string path;            // empty: it is not pinned
    std::string name;            // of the member, or of the pin
    link* held = nullptr;        // the member's, which is taken; null: no member has it
    bool* is_unjudged = nullptr; // whether held is of another place, as far as anybody knows
    link its{};                  // the link that ends; open still where it did not
    std::optional<result<teardown_report>> outcome{}; // empty: there was no link
};

/// Ends links in their order, verified, as many at once as there are descriptors for. Those that
/// wait in the kernel wait side by side.
/// @param patience  of each, as ensure_options has it
void end_all(std::vector<ending>& all, std::chrono::milliseconds patience);

} // namespace bpflink
