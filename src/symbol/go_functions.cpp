// SPDX-License-Identifier: Apache-2.0
#include "symbol/go_functions.hpp"

#include "error/fail.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <optional>
#include <string_view>
#include <vector>

namespace bpflink {
namespace {

constexpr std::uint64_t most_table_bytes = 1U << 28;
constexpr std::uint64_t most_relocation_bytes = 1U << 27;
constexpr std::size_t most_relocation_tables = 16;

constexpr std::uint32_t magic_of_1_18 = 0xffff'fff0, magic_of_1_20 = 0xffff'fff1;

template <class Number>
std::optional<Number> number_at(std::string_view bytes, std::uint64_t at) {
    Number number;
    if (at > bytes.size() || bytes.size() - at < sizeof number) return std::nullopt;
    std::memcpy(&number, bytes.data() + at, sizeof number);
    return number;
}

std::string_view behind(std::string_view bytes, std::uint64_t at) {
    return at > bytes.size() ? std::string_view{} : bytes.substr(static_cast<std::size_t>(at));
}

/// The sections that count here.
struct go_sections {
    std::optional<elf_section> table, text;
    std::optional<elf_section> merged; // a section that a linker of C puts the table into
    std::vector<elf_section> relocations;
};

result<go_sections> find_sections(elf_file const& file) {
    go_sections found;
    bool is_of_go = false;
    return file
        .for_each_section([&](elf_section const& section) {
            if (section.type == SHT_NOBITS) return true;
            if (section.name == ".gopclntab" || section.name == ".data.rel.ro.gopclntab")
                found.table = section;
            if (section.name == ".data.rel.ro") found.merged = section;
            if (section.name == ".go.buildinfo") is_of_go = true;
            if (section.name == ".text") found.text = section;
            if (section.type == SHT_RELA && found.relocations.size() != most_relocation_tables)
                found.relocations.push_back(section);
            return true;
        })
        .map([&] {
            if (!is_of_go) found.merged.reset();
            return std::move(found);
        });
}

/// Where a table begins in what it was merged into.
std::optional<std::size_t> table_within(std::string_view bytes, bool is_64_bit) {
    for (std::size_t at = 0; bytes.size() - at >= 8; at += 8) {
        auto const magic = *number_at<std::uint32_t>(bytes, at);
        if ((magic != magic_of_1_18 && magic != magic_of_1_20) || bytes[at + 4] != 0 ||
            bytes[at + 5] != 0 || bytes[at + 7] != (is_64_bit ? 8 : 4))
            continue;
        return at;
    }
    return std::nullopt;
}

class go_table {
public:
    /// @param address  of the table, once it is loaded
    go_table(elf_file const& file, go_sections const& sections, std::string_view bytes,
             std::uint64_t address)
        : file_{file}, sections_{sections}, bytes_{bytes}, address_{address} {}

    result<go_functions_told> tell(std::function<void(elf_function const&)> const& look) {
        auto const magic = number_at<std::uint32_t>(bytes_, 0);
        if (magic != magic_of_1_18 && magic != magic_of_1_20)
            return noted("is of a version of Go that this library does not read");
        std::uint64_t const word = file_.is_64_bit() ? 8 : 4;
        if (auto const its = number_at<std::uint8_t>(bytes_, 7); !its || *its != word)
            return damaged();
        auto const field = [&](std::uint64_t index) -> std::optional<std::uint64_t> {
            if (word == 8) return number_at<std::uint64_t>(bytes_, 8 + index * word);
            return number_at<std::uint32_t>(bytes_, 8 + index * word);
        };
        auto const count = field(0), text = field(2), names = field(3), functions = field(7);
        if (!functions) return damaged();
        names_ = behind(bytes_, *names);
        functions_ = behind(bytes_, *functions);
        constexpr std::uint64_t entry_bytes = 8; // its offset, and that of more about it
        if (*count >= functions_.size() / entry_bytes) return damaged();
        count_ = *count;
        auto const begin = text_begin(*text, address_ + 8 + 2 * word);
        if (!begin) return tl::unexpected{begin.error()};
        if (!*begin)
            return noted("does not say where the code begins, as with programs of Go 1.26 that a "
                         "linker of C put together");
        if (!for_each([&](elf_function const& function) {
                auto moved = function;
                moved.address += **begin;
                look(moved);
            }))
            return damaged();
        return go_functions_told{.is_read = true};
    }

private:
    static result<go_functions_told> noted(std::string_view what) {
        return go_functions_told{
            .note = std::string{"its .gopclntab, which may name it, "}.append(what)};
    }
    [[nodiscard]] tl::unexpected<error> damaged() const {
        return fail(-ENOEXEC, operation::resolve_symbol, errc::invalid_argument, file_.path(),
                    "its .gopclntab is damaged");
    }

    /// Addresses are offsets from where the code begins. False: damaged.
    template <class Look>
    bool for_each(Look const& look) const {
        std::uint64_t letters = 0;
        for (std::uint64_t i = 0; i != count_; ++i) {
            auto const begin = *number_at<std::uint32_t>(functions_, i * 8);
            auto const more = *number_at<std::uint32_t>(functions_, i * 8 + 4);
            auto const end = *number_at<std::uint32_t>(functions_, i * 8 + 8);
            auto const name_at = number_at<std::uint32_t>(functions_, std::uint64_t{more} + 4);
            if (end < begin || !name_at) return false;
            auto name = behind(names_, *name_at);
            auto const length = name.find('\0');
            letters += length;
            if (length == name.npos || letters > most_letters_of_names) return false;
            look(elf_function{
                .name = name.substr(0, length), .address = begin, .size = end - begin});
        }
        return true;
    }

    /// The linker writes it into the header, or has the loader do so; since 1.26 it leaves it out.
    result<std::optional<std::uint64_t>> text_begin(std::uint64_t said, std::uint64_t address) {
        if (said != 0) return std::optional{said};
        for (auto const& section : sections_.relocations) {
            if (!file_.is_64_bit() || section.size > most_relocation_bytes) continue;
            auto const bytes = file_.bytes_of(section, most_relocation_bytes);
            if (!bytes) return tl::unexpected{bytes.error()};
            for (std::uint64_t at = 0; auto const each = number_at<Elf64_Rela>(*bytes, at);
                 at += sizeof *each)
                if (each->r_offset == address && ELF64_R_SYM(each->r_info) == 0)
                    return std::optional{static_cast<std::uint64_t>(each->r_addend)};
        }
        // It is .text alone where no other code was linked in before it: where the program begins.
        std::optional<std::uint64_t> begin;
        if (sections_.text && !for_each([&](elf_function const& function) {
                if (function.name.starts_with("_rt0_") &&
                    sections_.text->address + function.address == file_.entry())
                    begin = sections_.text->address;
            }))
            return damaged();
        return begin;
    }

    elf_file const& file_;
    go_sections const& sections_;
    std::string_view bytes_, names_, functions_;
    std::uint64_t address_;
    std::uint64_t count_ = 0;
};

} // namespace

result<go_functions_told>
for_each_go_function(elf_file const& file, std::function<void(elf_function const&)> const& look) {
    return find_sections(file).and_then([&](go_sections const& found) -> result<go_functions_told> {
        auto const& where = found.table ? found.table : found.merged;
        if (!where) return go_functions_told{};
        return file.bytes_of(*where, most_table_bytes)
            .and_then([&](std::string const& bytes) -> result<go_functions_told> {
                auto const begin = found.table ? 0 : table_within(bytes, file.is_64_bit());
                if (!begin) return go_functions_told{};
                return go_table{file, found, behind(bytes, *begin), where->address + *begin}.tell(
                    look);
            });
    });
}

} // namespace bpflink
