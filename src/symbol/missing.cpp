// SPDX-License-Identifier: Apache-2.0
#include "symbol/missing.hpp"

#include "symbol/functions.hpp"
#include "symbol/library_search.hpp"
#include "symbol/linkage.hpp"
#include "symbol/names.hpp"
#include "symbol/near.hpp"
#include "symbol/wanted_names.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

namespace bpflink {
namespace {

constexpr std::size_t most_near = 3;
constexpr std::size_t most_libraries = 64;
constexpr std::size_t most_names = 10;

/// "near it: one, other"; of several names, after each of them.
std::string near_in(elf_file const& file, resolve_options const& options,
                    std::span<std::string_view const> names) {
    std::vector<near_names> near;
    for (auto const name : names.first(std::min(names.size(), most_near)))
        near.emplace_back(name);
    auto const told = for_each_function(
        file, options,
        [](function_source next, bool is_stripped) {
            return next <= function_source::whole || is_stripped;
        },
        [&](elf_function const& function, function_source) {
            for (auto& each : near)
                each.offer(function.version.empty() ? std::string{function.name}
                                                    : versioned_name_of(function));
        });
    if (!told) return {};
    std::string text;
    for (std::size_t i = 0; i != near.size(); ++i) {
        auto const its = near[i].told();
        if (its.empty()) continue;
        text += text.empty() ? "" : "; ";
        if (names.size() > 1) text.append("of ").append(names[i]).append(": ");
        text += its;
    }
    return text;
}

/// Tells of the names that the file has for something else than functions.
std::string others_in(elf_file const& file, std::span<std::string_view const> names) {
    struct other {
        symbol_kind kind;
        char const* what;
    };
    constexpr std::array others{
        other{symbol_kind::data, "data, and probes go into functions: a watchpoint in "
                                 "hook::perf_event tells of its use"},
        other{symbol_kind::label, "a label that the file does not call a function: if it is code, "
                                  "give the offset that offset_of_address() has for its address"},
    };
    wanted_names const wanted{names};
    std::string text;
    for (auto const& [kind, what] : others) {
        std::set<std::string> found;
        for (auto const table : {symbol_table::dynamic, symbol_table::whole}) {
            auto const read = file.for_each_function(
                table, [&](elf_function const& its) { found.emplace(its.name); }, &wanted, kind);
            if (!read) return {};
        }
        if (found.empty()) continue;
        std::vector<std::string> const all{found.begin(), found.end()};
        text.append(text.empty() ? "" : "; ").append(enumerated(all, most_names));
        text.append(all.size() == 1 ? " is " : " are each ").append(what);
    }
    return text;
}

/// The names that a library exports.
std::vector<std::string> exported_by(binary_file const& library,
                                     std::span<std::string_view const> names) {
    std::set<std::string> found;
    auto const elf = elf_file::open(library);
    if (!elf) return {};
    wanted_names const wanted{names};
    auto const read = elf->for_each_function(
        symbol_table::dynamic, [&](elf_function const& function) { found.emplace(function.name); },
        &wanted);
    if (!read) return {};
    return {found.begin(), found.end()};
}

std::string needed_with(elf_file const& file, std::span<std::string_view const> names) {
    auto libraries = needed_by(file);
    if (!libraries) return {};
    libraries->names.resize(std::min(libraries->names.size(), most_libraries));
    library_search const search{file, libraries->directories};
    std::string text;
    for (auto const& name : libraries->names) {
        if (name.empty() || name.find('/') != name.npos) continue;
        auto const library = search.find(name);
        if (!library) continue;
        auto const found = exported_by(*library, names);
        if (found.empty()) continue;
        text.append(text.empty() ? "" : "; ")
            .append(library->path())
            .append(", which it needs, has ");
        text += names.size() == 1 ? "it" : enumerated(found, most_names);
    }
    return text;
}

} // namespace

std::string hints_on_missing(elf_file const& file, resolve_options const& options,
                             std::span<std::string_view const> names) {
    std::string text;
    for (auto const& hint :
         {others_in(file, names), near_in(file, options, names), needed_with(file, names)})
        text.append(text.empty() || hint.empty() ? "" : "; ").append(hint);
    return text;
}

} // namespace bpflink
