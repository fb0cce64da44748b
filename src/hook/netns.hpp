// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/netns.hpp>

#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

[[nodiscard]] std::string describe(hook::netns const& where);

} // namespace bpflink
