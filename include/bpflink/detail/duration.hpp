// SPDX-License-Identifier: Apache-2.0
#pragma once

// std::chrono's durations and clocks. <chrono> adds calendars and time zones, which cost a fifth of
// the compile time of a usual program's headers. Every <mutex> has the part that is wanted.
#include <mutex>
