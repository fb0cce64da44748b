// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manual/description.hpp"

#include <string>

namespace tool {

/// bpflink.8, in the macros of man(7).
[[nodiscard]] std::string man_page(command_description const& whole);

} // namespace tool
