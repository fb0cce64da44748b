// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace [[gnu::visibility("hidden")]] bpflink {

/// The longest instruction that is looked at.
inline constexpr std::size_t most_instruction_bytes = 15;

/// Whether every kernel refuses a probe on the instruction that `code` begins with. It tells of x86
/// alone, and not of all that a kernel may refuse.
/// @param machine  that the file is for, as its header has it
[[nodiscard]] bool is_unprobeable(std::span<std::byte const> code, std::uint16_t machine) noexcept;

} // namespace bpflink
