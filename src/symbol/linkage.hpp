// SPDX-License-Identifier: Apache-2.0
#pragma once

// The words of an ELF file about itself and the files that belong to it.

#include "symbol/elf.hpp"

#include <bpflink/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// The number that the linker gave a build, in hexadecimal; empty without one.
/// @errors invalid_argument  damaged
[[nodiscard]] result<std::string> build_id_of(elf_file const& file);

/// .gnu_debuglink: the debug file's name, and the sum of its bytes.
struct debug_link {
    std::string name;
    std::uint32_t sum = 0;
};
/// Empty where there is not one, or where it is a path rather than a name.
/// @errors invalid_argument  damaged
[[nodiscard]] result<std::optional<debug_link>> debug_link_of(elf_file const& file);

/// The libraries that the dynamic loader loads for a file.
struct needed_libraries {
    std::vector<std::string> names;       // DT_NEEDED, in their order
    std::vector<std::string> directories; // DT_RUNPATH; or DT_RPATH, where that is not there
};
/// @errors invalid_argument  damaged
[[nodiscard]] result<needed_libraries> needed_by(elf_file const& file);

/// The sum that .gnu_debuglink has of a file: CRC-32, as zlib and IEEE 802.3 count it.
/// Empty for a file of more than 4 GiB.
[[nodiscard]] result<std::optional<std::uint32_t>> sum_of(binary_file const& file);

} // namespace bpflink
