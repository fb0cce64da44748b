// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>

// The only place where the version is written: CMake reads it from here.
#define BPFLINK_VERSION_MAJOR 0
#define BPFLINK_VERSION_MINOR 1
#define BPFLINK_VERSION_PATCH 0

namespace bpflink {

/// A version of the library, in the order of semantic versioning.
struct version_number {
    int major;
    int minor;
    int patch;

    friend constexpr auto operator<=>(version_number const&, version_number const&) = default;
};

/// The version of the headers that this translation unit was compiled with.
inline constexpr version_number header_version{BPFLINK_VERSION_MAJOR, BPFLINK_VERSION_MINOR,
                                               BPFLINK_VERSION_PATCH};

/// The version of the compiled library; other than `header_version` when the two were mixed.
[[nodiscard]] version_number version() noexcept;

} // namespace bpflink
