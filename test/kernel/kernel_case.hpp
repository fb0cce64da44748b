// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

/// Every case is a TEST_CASE_FIXTURE(kernel_case, ...): at its end, however it ends, it fails if a
/// descriptor is open that was not before, or if the kernel holds something that this process made.
class kernel_case {
public:
    kernel_case();
    ~kernel_case();
    kernel_case(kernel_case const&) = delete;
    kernel_case& operator=(kernel_case const&) = delete;

    /// How many cases (and entries for a subcase) were watched so far.
    [[nodiscard]] static unsigned watched() noexcept;

private:
    std::size_t descriptors_;
};

/// Ends nothing by itself: `return skip_case(...)`. `reason` says what the kernel refused, found by
/// asking it.
void skip_case(std::string const& reason);

/// A check within a case that this kernel has no use for.
void skip_part(std::string const& reason);

/// Whether skip_case was called since this was last asked.
[[nodiscard]] bool take_skipped() noexcept;

/// A program that this process loaded: links that run it must be gone when a case ends.
void note_own_program(std::uint32_t id);

/// Remembers what `leftovers` compares with.
void remember_as_found();

/// What this process made and has not removed: a line each for links, mounts, cgroups, directories,
/// processes and the namespaces that it stays in.
[[nodiscard]] std::vector<std::string> leftovers();
