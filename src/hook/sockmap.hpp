// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/sockmap.hpp>

#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

/// The program type that an attach type of a sockmap takes; unspec for others.
[[nodiscard]] program_type type_on_sockmap(attach_type attach) noexcept;
[[nodiscard]] std::string describe(hook::sockmap const& where);

/// Whether the map is a sockmap or sockhash, as far as the kernel tells.
[[nodiscard]] bool is_sockmap(fd_view map) noexcept;

} // namespace bpflink
