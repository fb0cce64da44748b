// SPDX-License-Identifier: Apache-2.0
#pragma once

// ELF files as somebody else may have made them, or be making them now. Nothing is mapped, and no
// number in them decides how much is read or kept.

#include "symbol/binary.hpp"

#include <bpflink/error.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

class wanted_names;

/// More than all names of a file's functions have. Texts may lie within others, so that a small
/// file can be made to have names of any length in all.
inline constexpr std::uint64_t most_letters_of_names = 1U << 30;

enum class symbol_table { dynamic, whole };
enum class symbol_binding { global, weak, local };
enum class symbol_kind {
    function,
    data,
    label, // a place that the file does not say anything of
};

/// A function that a file defines. The texts are good while it is looked at.
struct elf_function {
    std::string_view name = {};
    std::string_view version = {}; // empty: it has none
    bool is_hidden = false;        // not the version that new programs are linked to
    bool is_indirect = false;      // only chooses the function that is called
    symbol_binding binding = symbol_binding::global;
    std::uint64_t address = 0;
    std::uint64_t size = 0; // 0 where the file does not say
};

/// A section. The name is good while it is looked at.
struct elf_section {
    std::string_view name = {};
    std::uint32_t type = 0;
    std::uint32_t link = 0;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::uint64_t address = 0; // once it is loaded
};

/// A part of a file that is loaded as one piece.
struct elf_segment {
    std::uint64_t address = 0;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    bool is_executable = false;
    bool is_writable = false;
};

class elf_file {
public:
    /// Reads the headers of what is loaded. `file` has to outlive this.
    /// @errors invalid_argument  not an ELF file, a damaged one, or one of the other byte order
    [[nodiscard]] static result<elf_file> open(binary_file const& file);

    [[nodiscard]] binary_file const& file() const noexcept { return *file_; }
    [[nodiscard]] std::string const& path() const noexcept { return file_->path(); }
    [[nodiscard]] bool is_64_bit() const noexcept { return is_64_bit_; }
    [[nodiscard]] std::uint16_t machine() const noexcept { return machine_; }
    /// The address that the program begins at.
    [[nodiscard]] std::uint64_t entry() const noexcept { return entry_; }

    /// Calls `look` with each function of a table, if there is such a table. False: there is not.
    /// @param only  leaves out those that have none of these names; nothing of the file is kept
    /// then
    /// @param kind  data or labels, looked at in place of functions
    /// @errors invalid_argument  damaged; `look` may have been called by then
    result<bool> for_each_function(symbol_table which,
                                   std::function<void(elf_function const&)> const& look,
                                   wanted_names const* only = nullptr,
                                   symbol_kind kind = symbol_kind::function) const;
    /// Calls `look` with those dynamic functions of these names that the file's hash table
    /// (.gnu.hash) leads to: few reads a name. It may have others, or none where it has no such
    /// table.
    /// @errors invalid_argument  damaged; `look` may have been called by then
    result<void> for_each_hashed(std::span<std::string_view const> names,
                                 std::function<void(elf_function const&)> const& look) const;

    /// Calls `look` with each section, until it answers false.
    /// @errors invalid_argument  damaged; `look` may have been called by then
    result<void> for_each_section(std::function<bool(elf_section const&)> const& look) const;
    /// The bytes of a section that is no longer than `most`.
    /// @errors invalid_argument  it is longer, or cut short
    [[nodiscard]] result<std::string> bytes_of(elf_section const& section,
                                               std::uint64_t most) const;
    /// The section of that index. Its name is empty.
    [[nodiscard]] result<elf_section> nth_section(std::uint64_t index) const;

    /// Pieces that are loaded, as the headers list them.
    [[nodiscard]] std::vector<elf_segment> const& segments() const noexcept { return segments_; }
    /// Where the file's notes are that are loaded.
    [[nodiscard]] std::vector<elf_section> const& notes() const noexcept { return notes_; }
    /// Where in the file an address is, when that is loaded from it.
    [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t address) const noexcept;
    /// The part that an offset in the file is loaded as: executable rather than not. nullptr:
    /// nothing.
    [[nodiscard]] elf_segment const* segment_at(std::uint64_t offset) const noexcept;

private:
    struct sections {
        std::optional<elf_section> symtab, dynsym, versym, verdef, hashes;
    };
    /// Where one of the wanted names is in a table of texts.
    struct name_place {
        std::uint64_t at = 0;
        std::size_t index = 0;        // among them
        std::uint64_t version_at = 0; // behind its '@'; 0: there is not one
    };
    /// The bytes of a section.
    struct contents {
        std::unique_ptr<char[]> bytes;
        std::size_t size = 0;
    };

    explicit elf_file(binary_file const& file) noexcept : file_{&file} {}
    [[nodiscard]] tl::unexpected<error> damaged() const;
    [[nodiscard]] result<void> read_exactly(void* into, std::size_t size,
                                            std::uint64_t offset) const;
    [[nodiscard]] result<contents> read_section(elf_section const& what, std::uint64_t most) const;
    /// The text that begins at `at` in a table of texts; nothing where it does not end soon.
    [[nodiscard]] result<std::optional<std::string>> text_in(elf_section const& texts,
                                                             std::uint64_t at) const;
    /// The names that a file gives to versions, by their index; empty for those that it does not.
    template <class Class>
    [[nodiscard]] result<std::vector<std::string>> version_names(sections const& of) const;
    [[nodiscard]] result<std::vector<name_place>> places_of(wanted_names const& names,
                                                            elf_section const& texts) const;

    template <class Raw, class Look>
    result<void> for_each_entry(std::uint64_t offset, std::uint64_t count, Look look) const;
    template <class Class>
    result<void> read_headers();
    template <class Class>
    [[nodiscard]] result<elf_section> section_at(std::uint64_t index) const;
    template <class Class>
    [[nodiscard]] result<sections> find_sections() const;
    template <class Class>
    result<void> for_each_section_of(std::function<bool(elf_section const&)> const& look) const;
    template <class Class>
    result<bool> for_each_function_of(symbol_table which,
                                      std::function<void(elf_function const&)> const& look,
                                      wanted_names const* only, symbol_kind kind) const;
    template <class Class>
    result<void> for_each_hashed_of(std::span<std::string_view const> names,
                                    std::function<void(elf_function const&)> const& look) const;

    binary_file const* file_;
    std::vector<elf_segment> segments_;
    std::vector<elf_section> notes_;
    std::uint64_t sections_offset_ = 0;
    std::uint64_t number_of_sections_ = 0;
    std::uint64_t section_of_names_ = 0; // 0: there is not one
    std::uint64_t entry_ = 0;
    std::uint16_t machine_ = 0;
    bool is_64_bit_ = false;
};

} // namespace bpflink
