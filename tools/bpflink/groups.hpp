// SPDX-License-Identifier: Apache-2.0
#pragma once

// The headings that --help lists the commands below, in this order.

namespace tool::group {

inline constexpr auto look = "Look";
inline constexpr auto change = "Change";
inline constexpr auto kernel = "The kernel";
inline constexpr auto more = "More";

} // namespace tool::group
