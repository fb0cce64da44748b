// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

// This program's operator new counts its calls.

/// How often this thread has called operator new, in any form.
[[nodiscard]] std::size_t allocations() noexcept;

/// Forgets the peak of resident memory; false where the kernel cannot.
bool forget_peak();

/// The most memory that was resident since then, and what is now; KiB.
[[nodiscard]] long peak_resident();
[[nodiscard]] long resident();
