// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace bpflink {

/// Which functions of a file are asked for, and where else to look for them.
struct resolve_options {
    /// Refuse a name that several functions have, whatever their binding: without it a global one
    /// wins over a static one of its name. All tables are read then.
    bool unique = false;
    /// Indirect functions, too (STT_GNU_IFUNC, as memcpy and strlen often are): where one is, code
    /// chooses the variant that callers then call without coming here.
    bool indirect = false;
    /// Directories to look for debug files in before /usr/lib/debug, laid out as that one is:
    /// .build-id/ab/cdef.debug, and NAME below the path of the program's directory. Borrowed.
    std::span<std::string_view const> debug_directories = {};
};

} // namespace bpflink
