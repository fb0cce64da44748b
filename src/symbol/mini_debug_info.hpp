// SPDX-License-Identifier: Apache-2.0
#pragma once

// The symbols that distributions leave in a stripped file: those of functions, packed by xz.

#include "symbol/debug_file.hpp"
#include "symbol/elf.hpp"

#include <bpflink/error.hpp>

namespace [[gnu::visibility("hidden")]] bpflink {

/// The file that is packed in an executable's .gnu_debugdata. The note says why it is
/// not taken.
/// @errors invalid_argument  the executable is damaged
/// @cost reads section headers, and unpacks 256 MiB at most into memory
[[nodiscard]] result<debug_search> unpack_mini_debug_info(elf_file const& executable);

} // namespace bpflink
