// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <string>
#include <string_view>
#include <vector>

struct built_symbol {
    std::string name;
    std::uint64_t value = 0;
    unsigned char type = STT_FUNC;
    unsigned char binding = STB_GLOBAL;
    std::uint16_t section = 1;
    std::uint64_t size = 0;
};

struct elf32 {
    using header = Elf32_Ehdr;
    using segment = Elf32_Phdr;
    using section = Elf32_Shdr;
    using symbol = Elf32_Sym;
    static constexpr unsigned char number = ELFCLASS32;
};
struct elf64 {
    using header = Elf64_Ehdr;
    using segment = Elf64_Phdr;
    using section = Elf64_Shdr;
    using symbol = Elf64_Sym;
    static constexpr unsigned char number = ELFCLASS64;
};

/// The bytes of an executable with a symbol table. Loaded are 0x1000 bytes of it, from 0x200 on,
/// at 0x400200, and after that 0x1000 bytes more that are in no file.
template <class Class>
std::string build_elf(std::vector<built_symbol> const& symbols,
                      std::uint32_t segment_flags = PF_R | PF_X) {
    std::string names(1, '\0');
    std::string table(sizeof(typename Class::symbol), '\0');
    auto const append = [](std::string& to, auto const& what) {
        to.append(reinterpret_cast<char const*>(&what), sizeof what);
    };
    for (auto const& s : symbols) {
        typename Class::symbol raw{};
        raw.st_name = static_cast<std::uint32_t>(names.size());
        raw.st_value = static_cast<decltype(raw.st_value)>(s.value);
        raw.st_size = static_cast<decltype(raw.st_size)>(s.size);
        raw.st_info = static_cast<unsigned char>(s.binding << 4 | s.type);
        raw.st_shndx = s.section;
        append(table, raw);
        names += s.name + '\0';
    }
    typename Class::header header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = Class::number;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof header;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(typename Class::segment);
    header.e_phnum = 1;
    header.e_shentsize = sizeof(typename Class::section);
    header.e_shnum = 3;
    typename Class::segment segment{};
    segment.p_type = PT_LOAD;
    segment.p_flags = segment_flags;
    segment.p_offset = 0x200;
    segment.p_vaddr = 0x400200;
    segment.p_filesz = 0x1000;
    segment.p_memsz = 0x2000;

    auto const start = sizeof header + sizeof segment;
    header.e_shoff = static_cast<decltype(header.e_shoff)>(start);
    typename Class::section none{}, symtab{}, strtab{};
    symtab.sh_type = SHT_SYMTAB;
    symtab.sh_offset = static_cast<decltype(symtab.sh_offset)>(start + 3 * sizeof none);
    symtab.sh_size = static_cast<decltype(symtab.sh_size)>(table.size());
    symtab.sh_link = 2;
    symtab.sh_entsize = sizeof(typename Class::symbol);
    symtab.sh_addralign = 4;
    strtab.sh_type = SHT_STRTAB;
    strtab.sh_offset = static_cast<decltype(strtab.sh_offset)>(symtab.sh_offset + table.size());
    strtab.sh_size = static_cast<decltype(strtab.sh_size)>(names.size());
    strtab.sh_addralign = 1;

    std::string bytes;
    append(bytes, header);
    append(bytes, segment);
    append(bytes, none);
    append(bytes, symtab);
    append(bytes, strtab);
    return bytes + table + names;
}
