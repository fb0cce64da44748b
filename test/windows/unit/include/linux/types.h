// SPDX-License-Identifier: Apache-2.0
#pragma once

// The numbers that BPF programs and the library share, for compilers without Linux' headers.

#include <cstdint>

using __u8 = std::uint8_t;
using __u16 = std::uint16_t;
using __u32 = std::uint32_t;
using __u64 = std::uint64_t;
using __s32 = std::int32_t;
using __s64 = std::int64_t;
