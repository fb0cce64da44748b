// SPDX-License-Identifier: Apache-2.0
#pragma once

// All that tells of an executable's functions, in the order in which it counts.

#include "symbol/elf.hpp"

#include <bpflink/error.hpp>
#include <bpflink/resolve_options.hpp>

#include <functional>
#include <string>

namespace [[gnu::visibility("hidden")]] bpflink {

enum class function_source {
    dynamic, // .dynsym
    whole,   // .symtab
    debug,   // the one of its debug file
    go,      // the table of Go's runtime
};

struct functions_told {
    bool is_stripped = false; // there is no .symtab
    bool has_more = false;    // a debug file or Go's table was read
    std::string note = {};    // why neither was, as far as a file tells it
};

/// Calls `look` with the functions of each source that `wants` wants, while it says so.
/// @param only  the names that count, where others do not: a function may be told twice then
/// @errors invalid_argument  damaged; `look` may have been called by then
[[nodiscard]] result<functions_told>
for_each_function(elf_file const& executable, resolve_options const& options,
                  std::function<bool(function_source next, bool is_stripped)> const& wants,
                  std::function<void(elf_function const&, function_source)> const& look,
                  wanted_names const* only = nullptr);

/// The facts that a user has to know: that the file is stripped, and where else to look.
[[nodiscard]] std::string advice_of(functions_told const& told);

/// How much worse than the best one a function of that name is.
[[nodiscard]] unsigned rank_of(elf_function const& function, function_source from) noexcept;

/// As users name it: "name", or "name@VERSION" where that is hidden.
[[nodiscard]] std::string name_of(elf_function const& function);
/// With its version, where it has one: "name@VERSION", or "name@@VERSION" for the default one.
[[nodiscard]] std::string versioned_name_of(elf_function const& function);

} // namespace bpflink
