// SPDX-License-Identifier: Apache-2.0
#pragma once

// The table that programs of Go carry for their own stack traces, stripped or not: .gopclntab.

#include "symbol/elf.hpp"

#include <bpflink/error.hpp>

#include <functional>
#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

struct go_functions_told {
    bool is_read = false;
    std::string note = {}; // why the table was not read, where there is one
};

/// Calls `look` with each function of the table, where Go 1.18 or a later one made it.
/// @errors invalid_argument  the file or the table is damaged; `look` may have been called by then
/// @cost reads the table whole, of 256 MiB at most
[[nodiscard]] result<go_functions_told>
for_each_go_function(elf_file const& file, std::function<void(elf_function const&)> const& look);

} // namespace bpflink
