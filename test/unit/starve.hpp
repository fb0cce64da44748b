// SPDX-License-Identifier: Apache-2.0
#pragma once

// Want of memory: operator new of the unit tests (starve.cpp) fails on demand, for one thread, and
// not for the fake kernel, which is no part of the library.

#include <cstddef>
#include <new>

namespace starve {

/// The `nth` allocation of this thread from now on throws std::bad_alloc; later ones do not.
class starving {
public:
    explicit starving(int nth) noexcept;
    ~starving();
    starving(starving const&) = delete;
    starving& operator=(starving const&) = delete;

    /// Whether the allocation that fails has come.
    [[nodiscard]] bool has_failed() const noexcept;
};

/// No allocation of this thread fails while it lives, nor counts.
class fed {
public:
    fed() noexcept;
    ~fed();
    fed(fed const&) = delete;
    fed& operator=(fed const&) = delete;
};

/// The allocations of this thread so far, without those of the fake kernel.
[[nodiscard]] std::size_t allocations() noexcept;

/// Runs `act` on a new World again and again, and lets its first allocation fail, then its second,
/// until it has all that it asks for. What it returns is gone when `check` is called, with the
/// World, and whether nothing failed.
template <class World, class Act, class Check>
void each_allocation(Act act, Check check) {
    for (int nth = 1;; ++nth) {
        World world;
        bool failed = false;
        {
            starving const now{nth};
            try {
                static_cast<void>(act(world));
            } catch (std::bad_alloc const&) {
            }
            failed = now.has_failed();
        }
        check(world, !failed);
        if (!failed) return;
    }
}

} // namespace starve
