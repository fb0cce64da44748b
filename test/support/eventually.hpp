// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox.hpp"

#include <chrono>
#include <thread>

/// Asks until it holds, for what the kernel does a moment later. False after sandbox::patience.
template <class Condition>
[[nodiscard]] bool eventually(Condition holds) {
    auto const deadline = std::chrono::steady_clock::now() + sandbox::patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return true;
}
