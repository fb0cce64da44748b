// SPDX-License-Identifier: Apache-2.0
#include "symbol/mini_debug_info.hpp"

#include "symbol/unpack_xz.hpp"

#include <elf.h>
#include <optional>
#include <string>
#include <utility>

namespace bpflink {

result<debug_search> unpack_mini_debug_info(elf_file const& executable) {
    std::optional<elf_section> packed;
    auto const looked = executable.for_each_section([&](elf_section const& section) {
        if (section.name == ".gnu_debugdata" && section.type != SHT_NOBITS) packed = section;
        return !packed;
    });
    if (!looked) return tl::unexpected{looked.error()};
    debug_search outcome;
    if (!packed) return outcome;
    auto const noted = [&](std::string_view what) {
        outcome.note = std::string{"its .gnu_debugdata, which may name it, "}.append(what);
        return std::move(outcome);
    };
    auto unpacked = unpack_xz(executable.file(), packed->offset, packed->size);
    if (!unpacked) return tl::unexpected{unpacked.error()};
    if (!unpacked->refusal.empty()) return noted(unpacked->refusal);
    auto file = std::make_unique<binary_file>(binary_file::of_bytes(
        ".gnu_debugdata of " + executable.path(), std::move(unpacked->bytes)));
    auto elf = elf_file::open(*file);
    if (!elf) return noted("holds no ELF file, or a damaged one");
    if (elf->machine() != executable.machine() || elf->is_64_bit() != executable.is_64_bit())
        return noted("has the symbols of another machine");
    outcome.found.emplace(std::move(file), *std::move(elf), executable);
    return outcome;
}

} // namespace bpflink
