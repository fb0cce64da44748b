// SPDX-License-Identifier: Apache-2.0
#include "symbol/linkage.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <elf.h>
#include <string_view>

namespace bpflink {
namespace {

constexpr std::uint64_t most_note_bytes = 1U << 16;
constexpr std::uint64_t most_link_bytes = 1U << 12;
constexpr std::uint64_t most_dynamic_bytes = 1U << 20;
constexpr std::uint64_t most_text_bytes = 1U << 29;
constexpr std::size_t most_needed = 256;
constexpr std::size_t most_id_bytes = 64;

template <class T>
bool copy(T& into, std::string_view bytes, std::uint64_t at) {
    if (at > bytes.size() || bytes.size() - at < sizeof into) return false;
    std::memcpy(&into, bytes.data() + at, sizeof into);
    return true;
}

std::string hexadecimal_of(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (char const each : bytes) {
        auto const byte = static_cast<unsigned char>(each);
        text.append({digits[byte >> 4U], digits[byte & 15U]});
    }
    return text;
}

/// The build-id among notes; empty where it is not.
std::string build_id_in(std::string_view notes) {
    static_assert(sizeof(Elf32_Nhdr) == sizeof(Elf64_Nhdr));
    auto const padded = [](std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; };
    Elf64_Nhdr note;
    for (std::uint64_t at = 0; copy(note, notes, at);) {
        auto const name = at + sizeof note;
        auto const begin = name + padded(note.n_namesz);
        if (begin > notes.size() || notes.size() - begin < note.n_descsz) break;
        constexpr std::string_view gnu{"GNU\0", 4};
        if (note.n_type == NT_GNU_BUILD_ID && notes.substr(name, note.n_namesz) == gnu &&
            note.n_descsz > 1 && note.n_descsz <= most_id_bytes)
            return hexadecimal_of(notes.substr(begin, note.n_descsz));
        at = begin + padded(note.n_descsz);
    }
    return {};
}

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at < list.size() && parts.size() != most_needed;) {
        auto const end = std::min(list.find(':', at), list.size());
        if (end != at) parts.emplace_back(list.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

/// The libraries that a table of this class names.
template <class Entry>
needed_libraries needed_in(std::string_view table, std::string_view texts) {
    needed_libraries needed;
    std::vector<std::string> older;
    Entry entry;
    for (std::uint64_t at = 0; copy(entry, table, at) && entry.d_tag != DT_NULL;
         at += sizeof entry) {
        if (entry.d_un.d_val >= texts.size()) continue;
        auto text = texts.substr(entry.d_un.d_val);
        text = text.substr(0, text.find('\0'));
        if (entry.d_tag == DT_NEEDED && needed.names.size() != most_needed)
            needed.names.emplace_back(text);
        if (entry.d_tag == DT_RUNPATH) needed.directories = split(text);
        if (entry.d_tag == DT_RPATH) older = split(text);
    }
    if (needed.directories.empty()) needed.directories = std::move(older);
    return needed;
}

constexpr auto table_of_sums = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i != table.size(); ++i) {
        table[i] = i;
        for (int bit = 0; bit != 8; ++bit)
            table[i] = table[i] >> 1U ^ (table[i] & 1U ? 0xedb8'8320U : 0);
    }
    return table;
}();

} // namespace

result<std::string> build_id_of(elf_file const& file) {
    std::vector<elf_section> notes; // sections first: debug files have no other
    auto read = file.for_each_section([&](elf_section const& section) {
        if (section.type == SHT_NOTE && notes.size() < most_needed) notes.push_back(section);
        return true;
    });
    if (!read) return tl::unexpected{read.error()};
    if (notes.empty()) notes = file.notes();
    for (auto const& section : notes) {
        if (section.size > most_note_bytes) continue;
        auto const bytes = file.bytes_of(section, most_note_bytes);
        if (!bytes) return tl::unexpected{bytes.error()};
        if (auto id = build_id_in(*bytes); !id.empty()) return id;
    }
    return std::string{};
}

result<std::optional<debug_link>> debug_link_of(elf_file const& file) {
    std::optional<elf_section> found;
    auto read = file.for_each_section([&](elf_section const& section) {
        if (section.name == ".gnu_debuglink" && section.type != SHT_NOBITS) found = section;
        return !found;
    });
    if (!read) return tl::unexpected{read.error()};
    if (!found) return std::optional<debug_link>{};
    return file.bytes_of(*found, most_link_bytes).map([](std::string const& bytes) {
        std::optional<debug_link> link;
        debug_link said{bytes.substr(0, bytes.find('\0'))};
        bool const is_name = !said.name.empty() && said.name.find('/') == said.name.npos &&
                             said.name != "." && said.name != "..";
        if (is_name && copy(said.sum, bytes, (said.name.size() + 4) & ~std::size_t{3}))
            link = std::move(said);
        return link;
    });
}

result<needed_libraries> needed_by(elf_file const& file) {
    std::optional<elf_section> found;
    auto read = file.for_each_section([&](elf_section const& section) {
        if (section.type == SHT_DYNAMIC) found = section;
        return !found;
    });
    if (!read) return tl::unexpected{read.error()};
    if (!found) return needed_libraries{};
    return file.bytes_of(*found, most_dynamic_bytes).and_then([&](std::string const& table) {
        return file.nth_section(found->link)
            .and_then(
                [&](elf_section const& where) { return file.bytes_of(where, most_text_bytes); })
            .map([&](std::string const& texts) {
                return file.is_64_bit() ? needed_in<Elf64_Dyn>(table, texts)
                                        : needed_in<Elf32_Dyn>(table, texts);
            });
    });
}

result<std::optional<std::uint32_t>> sum_of(binary_file const& file) {
    constexpr std::uint64_t most_bytes = std::uint64_t{1} << 32U;
    std::vector<std::byte> room(std::size_t{1} << 16U);
    std::uint32_t sum = ~0U;
    for (std::uint64_t done = 0; done <= most_bytes; done += room.size()) {
        auto const read = file.read(room, done);
        if (!read) return tl::unexpected{read.error()};
        for (std::size_t i = 0; i != *read; ++i)
            sum = sum >> 8U ^ table_of_sums[(sum ^ std::to_integer<std::uint32_t>(room[i])) & 255U];
        if (*read != room.size()) return std::optional{~sum};
    }
    return std::optional<std::uint32_t>{};
}

} // namespace bpflink
