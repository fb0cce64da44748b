// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "symbol/elf.hpp"

#include <bpflink/symbols.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// @errors invalid_argument  one that is empty, or has a zero byte in it
[[nodiscard]] result<void> check_symbols(std::span<std::string_view const> symbols);

/// The treatment of functions that are missing.
enum class when_missing {
    give_hints, // look for where they may be: hints_on_missing()
    say_so,
};

/// The same as resolve_symbols() in a file that is open; the names are checked.
[[nodiscard]] result<std::vector<std::uint64_t>>
resolve_in(elf_file const& file, std::span<std::string_view const> symbols, resolve_options options,
           when_missing how = when_missing::give_hints);

/// Calls `look` with each function that matching_symbols() lists for a pattern, and with its name
/// there; more than once where several tables have it. Tells whether
/// the file is stripped.
[[nodiscard]] result<std::string>
for_each_matching(elf_file const& file, std::string_view pattern, resolve_options const& options,
                  std::function<void(elf_function const&, std::string_view name)> const& look);

} // namespace bpflink
