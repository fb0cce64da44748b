// SPDX-License-Identifier: Apache-2.0
#include "kernel.hpp"

namespace fake {

std::uint64_t const lowest_own_address = 1ULL << 32; // of position-independent executables on Linux

} // namespace fake
