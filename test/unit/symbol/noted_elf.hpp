// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../../border/symbols/built_elf.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// What a note of a probe has. Addresses are in code from 0x401000, and in data from 0x502000 on.
struct built_note {
    std::uint64_t address = 0x401010;
    std::uint64_t semaphore = 0;
    std::string provider = "app";
    std::string name = "start";
    std::string arguments{};
    std::uint64_t base = 0x402000;
};

inline void append_bytes(std::string& to, auto const& what) {
    to.append(reinterpret_cast<char const*>(&what), sizeof what);
}

/// One note, of whatever owner and type, with what it has for a description.
inline std::string wrap_note(std::string description, std::string owner = {"stapsdt\0", 8},
                             std::uint32_t type = 3) {
    std::string bytes;
    append_bytes(bytes, static_cast<std::uint32_t>(owner.size()));
    append_bytes(bytes, static_cast<std::uint32_t>(description.size()));
    append_bytes(bytes, type);
    for (auto* const part : {&owner, &description}) {
        part->resize((part->size() + 3) / 4 * 4, '\0');
        bytes += *part;
    }
    return bytes;
}

template <class Address = std::uint64_t>
std::string note_of(built_note const& note) {
    std::string description;
    for (auto const number : {note.address, note.base, note.semaphore})
        append_bytes(description, static_cast<Address>(number));
    for (auto const& text : {note.provider, note.name, note.arguments})
        description += text + '\0';
    return wrap_note(description);
}

/// A library with 0x1000 bytes of code and of data, and with notes.
/// @param base  the address of .stapsdt.base; 0: without that section
template <class Class = elf64>
std::string noted_elf(std::string const& notes, std::uint64_t base = 0x402000,
                      std::uint16_t machine = EM_X86_64) {
    using section = typename Class::section;
    std::string const names{"\0.note.stapsdt\0.stapsdt.base\0.shstrtab\0", 39};
    typename Class::header header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = Class::number;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_DYN;
    header.e_machine = machine;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof header;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(typename Class::segment);
    header.e_phnum = 2;
    header.e_shoff = 0x400;
    header.e_shentsize = sizeof(section);
    header.e_shnum = 4;
    header.e_shstrndx = 3;
    typename Class::segment code{}, data{};
    code.p_type = data.p_type = PT_LOAD;
    code.p_flags = PF_R | PF_X;
    data.p_flags = PF_R | PF_W;
    code.p_offset = 0x1000;
    code.p_vaddr = 0x401000;
    data.p_offset = 0x2000;
    data.p_vaddr = 0x502000;
    code.p_filesz = code.p_memsz = data.p_filesz = data.p_memsz = 0x1000;
    section none{}, note{}, moved{}, texts{};
    note.sh_name = 1;
    note.sh_type = SHT_NOTE;
    note.sh_offset = 0x3000;
    note.sh_size = static_cast<decltype(note.sh_size)>(notes.size());
    moved.sh_name = base == 0 ? 0 : 15;
    moved.sh_type = SHT_PROGBITS;
    moved.sh_addr = static_cast<decltype(moved.sh_addr)>(base);
    texts.sh_name = 29;
    texts.sh_type = SHT_STRTAB;
    texts.sh_offset = 0x800;
    texts.sh_size = static_cast<decltype(texts.sh_size)>(names.size());

    std::string bytes;
    append_bytes(bytes, header);
    append_bytes(bytes, code);
    append_bytes(bytes, data);
    bytes.resize(0x400, '\0');
    for (auto const& each : {none, note, moved, texts})
        append_bytes(bytes, each);
    bytes.resize(0x800, '\0');
    bytes += names;
    bytes.resize(0x3000, '\x90');
    return bytes + notes;
}
