// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "record.hpp"

#include <string>

namespace tool {

/// What a link is attached to, for people: "eth0 (ifindex 2), tcx_ingress". A device of another
/// network namespace has an index alone.
[[nodiscard]] std::string target_of(record const& link);

} // namespace tool
