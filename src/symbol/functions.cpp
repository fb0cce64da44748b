// SPDX-License-Identifier: Apache-2.0
#include "symbol/functions.hpp"

#include "symbol/debug_file.hpp"
#include "symbol/go_functions.hpp"
#include "symbol/wanted_names.hpp"

namespace bpflink {
namespace {

result<void> read_debug_file(elf_file const& executable, resolve_options const& options,
                             std::function<void(elf_function const&, function_source)> const& look,
                             wanted_names const* only, functions_told& told) {
    auto search = find_debug_file(executable, options.debug_directories);
    if (!search) return tl::unexpected{search.error()};
    told.note = std::move(search->note);
    if (!search->found) return {};
    auto const read = search->found->elf.for_each_function(
        symbol_table::whole,
        [&](elf_function const& function) {
            auto moved = function;
            moved.address += search->found->shift;
            look(moved, function_source::debug);
        },
        only);
    if (!read) return tl::unexpected{read.error()};
    told.has_more = *read;
    return {};
}

} // namespace

result<functions_told>
for_each_function(elf_file const& executable, resolve_options const& options,
                  std::function<bool(function_source, bool)> const& wants,
                  std::function<void(elf_function const&, function_source)> const& look,
                  wanted_names const* only) {
    functions_told told;
    if (only && wants(function_source::dynamic, false)) {
        auto const read =
            executable.for_each_hashed(only->names(), [&](elf_function const& function) {
                look(function, function_source::dynamic);
            });
        if (!read) return tl::unexpected{read.error()};
    }
    for (auto const source : {function_source::dynamic, function_source::whole}) {
        if (!wants(source, false)) return told;
        auto const table =
            source == function_source::dynamic ? symbol_table::dynamic : symbol_table::whole;
        auto const read = executable.for_each_function(
            table, [&](elf_function const& function) { look(function, source); }, only);
        if (!read) return tl::unexpected{read.error()};
        told.is_stripped = !*read;
    }
    if (!wants(function_source::debug, told.is_stripped)) return told;
    if (auto const read = read_debug_file(executable, options, look, only, told); !read)
        return tl::unexpected{read.error()};
    if (!wants(function_source::go, told.is_stripped)) return told;
    return for_each_go_function(
               executable,
               [&](elf_function const& function) { look(function, function_source::go); })
        .map([&](go_functions_told&& go) {
            told.has_more |= go.is_read;
            if (told.note.empty()) told.note = std::move(go.note);
            return std::move(told);
        });
}

std::string advice_of(functions_told const& told) {
    if (!told.is_stripped || told.has_more) return {};
    return "the file is stripped: it has dynamic symbols at most, and " +
           (told.note.empty() ? "no debug file of it was found" : told.note);
}

unsigned rank_of(elf_function const& function, function_source from) noexcept {
    return (function.is_hidden ? 8U : 0U) + (from == function_source::dynamic ? 0U : 4U) +
           static_cast<unsigned>(function.binding);
}

std::string name_of(elf_function const& function) {
    return function.is_hidden ? versioned_name_of(function) : std::string{function.name};
}

std::string versioned_name_of(elf_function const& function) {
    std::string name{function.name};
    if (function.version.empty()) return name;
    return name.append(function.is_hidden ? "@" : "@@").append(function.version);
}

} // namespace bpflink
