// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/netns.hpp>

#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

/// The program type that an attach type of a network namespace takes; unspec for others.
[[nodiscard]] program_type type_on_netns(attach_type attach) noexcept;
[[nodiscard]] std::string describe(hook::netns const& where);

} // namespace bpflink
