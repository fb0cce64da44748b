// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

/// Something that is measured: does its work some number of times, and returns how often.
using work = std::function<std::size_t()>;

/// Two ways of doing the same, measured in turn. Times are nanoseconds for one.
struct comparison {
    double ours;           ///< the median
    double by_hand;        ///< the median
    double ratio;          ///< the median of the pairs' ratios, ours over by hand
    double low, high;      ///< half of the pairs' ratios are between these
    double cpu_ratio;      ///< as `ratio`, of the thread's time on the CPU
    double best_ratio;     ///< the least of ours over the least by hand, on the CPU
    std::size_t disturbed; ///< pairs measured again, since the two did not do the same number
};

/// Measures `pairs` pairs, ours first in one and last in the next, after a pair that is not
/// counted. Each half is repeated until it has done at least `least`.
[[nodiscard]] comparison compare(work const& ours, work const& by_hand, std::size_t pairs,
                                 std::size_t least);

/// Keeps the calling thread on the CPU that it is on; the CPU's number.
int stay_on_this_cpu();
