// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/sockmap.hpp>

#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

[[nodiscard]] std::string describe(hook::sockmap const& where);

/// Whether the map is a sockmap or sockhash, as far as the kernel tells.
[[nodiscard]] bool is_sockmap(fd_view map) noexcept;

} // namespace bpflink
