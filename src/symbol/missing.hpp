// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "symbol/elf.hpp"

#include <bpflink/resolve_options.hpp>

#include <span>
#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Hints on functions that a file does not have, as part of a sentence, or nothing. They tell what
/// else of that name the file has, names near the first few, and needed libraries that have them.
/// @param names  without versions
/// @cost reads the file's symbols again, and the dynamic ones of those libraries, 64 at most
[[nodiscard]] std::string hints_on_missing(elf_file const& file, resolve_options const& options,
                                           std::span<std::string_view const> names);

} // namespace bpflink
