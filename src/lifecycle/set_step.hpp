// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a set words what it does, and what is wrong with a member.

#include "lifecycle/ensuring.hpp"

#include <bpflink/lifecycle/link_set.hpp>

#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {

[[nodiscard]] std::string in_quotes(std::string_view name);
/// "link 12"
[[nodiscard]] std::string name_of(link_id id);
/// Adds to a text, behind a semicolon.
void say(std::string& text, std::string_view more);
/// The error, with the member that it is about.
[[nodiscard]] error of_member(error why, std::string_view name);

/// A step that leads from what is there.
[[nodiscard]] set_step step_of(std::string name, step_kind what, sight const& from);
/// The kind of the step that was taken.
[[nodiscard]] step_kind step_for(ensured how) noexcept;

} // namespace bpflink
