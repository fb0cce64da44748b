// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace [[gnu::visibility("hidden")]] bpflink {
namespace sys {

// Calls work(with, i) for each i below `count`, in 16 threads at most, this one among them, which
// take no signals. All are done when it returns. Where no thread is to be had, this one does all.
void side_by_side(std::size_t count, void (*work)(void* with, std::size_t i), void* with) noexcept;

} // namespace sys
} // namespace bpflink
