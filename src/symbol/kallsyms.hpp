// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Those of the names that stand for several functions of the kernel and its modules, with their
/// number ("f (2)"). It reads the kernel's symbols once, and needs no addresses.
[[nodiscard]] result<std::vector<std::string>>
ambiguous_among(std::span<std::string_view const> names);

} // namespace bpflink
