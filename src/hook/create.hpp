// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "border/sys.hpp"

#include <bpflink/attach_type.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/program_type.hpp>

#include <cstdint>
#include <span>
#include <type_traits>

namespace [[gnu::visibility("hidden")]] bpflink {

[[nodiscard]] inline std::uint32_t raw_fd(fd_view fd) noexcept {
    return static_cast<std::uint32_t>(fd.get());
}

/// An array as the kernel takes it; 0 for none.
template <class T>
[[nodiscard]] std::uint64_t address_of(std::span<T const> array) noexcept {
    static_assert(std::is_trivially_copyable_v<T>);
    return array.empty() ? 0 : reinterpret_cast<std::uintptr_t>(array.data());
}

/// Attaches to what cannot be. A kernel that has the attach type refuses that in its own way, and
/// one that does not by EINVAL, as it does many mistakes. The errno; 0 if it was taken after all.
[[nodiscard]] int attach_to_nothing(fd_view program, attach_type attach);

/// Loads a program that returns 0.
/// @param target  the BTF id of the function that it is for; 0: none
/// @param types   the BTF object that has it; none: the kernel's own
/// @param sleeps  whether it may
[[nodiscard]] sys::opened load_nothing(program_type type, attach_type expected,
                                       std::uint32_t target = 0, fd_view types = {},
                                       bool sleeps = false);

} // namespace bpflink
