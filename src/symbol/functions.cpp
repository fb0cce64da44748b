// SPDX-License-Identifier: Apache-2.0
#include "symbol/functions.hpp"

namespace bpflink {

result<functions_told>
for_each_function(elf_file const& executable,
                  std::function<bool(function_source, bool)> const& wants,
                  std::function<void(elf_function const&, function_source)> const& look) {
    functions_told told;
    for (auto const source : {function_source::dynamic, function_source::whole}) {
        if (!wants(source, false)) return told;
        auto const table =
            source == function_source::dynamic ? symbol_table::dynamic : symbol_table::whole;
        auto const read = executable.for_each_function(
            table, [&](elf_function const& function) { look(function, source); });
        if (!read) return tl::unexpected{read.error()};
        told.is_stripped = !*read;
    }
    return told;
}

unsigned rank_of(elf_function const& function, function_source from) noexcept {
    return (function.is_hidden ? 8U : 0U) + (from == function_source::dynamic ? 0U : 4U) +
           static_cast<unsigned>(function.binding);
}

std::string name_of(elf_function const& function) {
    std::string name{function.name};
    if (function.is_hidden) name.append("@").append(function.version);
    return name;
}

} // namespace bpflink
