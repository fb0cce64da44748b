// SPDX-License-Identifier: Apache-2.0
#include "symbol/missing.hpp"

#include "symbol/functions.hpp"
#include "symbol/library_search.hpp"
#include "symbol/linkage.hpp"
#include "symbol/names.hpp"
#include "symbol/near.hpp"
#include "symbol/wanted_names.hpp"

#include <algorithm>
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
    auto text = near_in(file, options, names);
    auto const elsewhere = needed_with(file, names);
    return text.append(text.empty() || elsewhere.empty() ? "" : "; ").append(elsewhere);
}

} // namespace bpflink
