// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "operations.hpp"

#include <vector>

/// What no library can do without: the parts of a walk and of a snapshot, each beside an empty
/// system call. They borrow from `one`, whose link they ask about.
[[nodiscard]] std::vector<contest> floor(operations const& one);
