// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine.hpp"

#include <vector>

/// One link of each kind that the fake kernel knows, and one that is newer than the library, each
/// with all its fields set.
[[nodiscard]] std::vector<fake::link*> add_every_kind(fake::kernel& kernel);
