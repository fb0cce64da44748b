// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>

/// @file
/// The library's version. It is written here alone: CMake reads it from here.

/// Grows with breaking changes. While it is 0, the minor version does.
#define BPFLINK_VERSION_MAJOR 0
/// Grows with new features.
#define BPFLINK_VERSION_MINOR 2
/// Grows with fixes.
#define BPFLINK_VERSION_PATCH 0

namespace bpflink {

/// A version of the library, in the order of semantic versioning.
struct version_number {
    int major; ///< as BPFLINK_VERSION_MAJOR
    int minor; ///< as BPFLINK_VERSION_MINOR
    int patch; ///< as BPFLINK_VERSION_PATCH

    /// The older version is less.
    friend constexpr auto operator<=>(version_number const&, version_number const&) = default;
};

/// The version of the headers that this translation unit was compiled with.
inline constexpr version_number header_version{BPFLINK_VERSION_MAJOR, BPFLINK_VERSION_MINOR,
                                               BPFLINK_VERSION_PATCH};

/// The version of the compiled library; other than `header_version` when the two were mixed.
[[nodiscard]] version_number version() noexcept;

} // namespace bpflink
