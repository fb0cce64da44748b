// SPDX-License-Identifier: Apache-2.0
#pragma once

// The file that the symbols of a stripped one were put into, or the section of it.

#include "symbol/elf.hpp"

#include <bpflink/error.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {

struct debug_file {
    debug_file(std::unique_ptr<binary_file> opened, elf_file its, elf_file const& executable);

    std::unique_ptr<binary_file> file;
    elf_file elf;
    std::uint64_t shift = 0; // from its addresses to the executable's, which may be prelinked
};

struct debug_search {
    std::optional<debug_file> found;
    std::string note; // the first file that was there, and does not belong to the executable
};

/// Looks by the build-id, then by .gnu_debuglink, at last in .gnu_debugdata: below `directories`,
/// and /usr/lib/debug of the executable's own process, then of this one. A file has to have the
/// executable's build-id where that has one. If .gnu_debuglink led to it, it has to have the sum
/// stated there.
/// @errors invalid_argument  the executable is damaged
/// @cost reads section headers; a debug file whole to sum it, where it is found by .gnu_debuglink
[[nodiscard]] result<debug_search> find_debug_file(elf_file const& executable,
                                                   std::span<std::string_view const> directories);

} // namespace bpflink
