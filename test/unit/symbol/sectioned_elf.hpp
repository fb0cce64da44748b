// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "noted_elf.hpp"

#include <cstdint>
#include <string>
#include <vector>

struct built_section {
    std::string name;
    std::string bytes;
    std::uint64_t address = 0;
    std::uint32_t type = SHT_PROGBITS;
    std::uint32_t link = 0;
};

/// A stripped program of these sections. Loaded is all of the file that comes before 0x1000, as
/// code at 0x400000; it begins at 0x400010.
inline std::string sectioned_elf(std::vector<built_section> sections) {
    std::string names(1, '\0');
    sections.push_back({.name = ".shstrtab", .bytes = {}, .type = SHT_STRTAB, .link = 0});
    for (auto const& each : sections)
        names += each.name + '\0';
    sections.back().bytes = names;

    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_entry = 0x400010;
    header.e_ehsize = sizeof header;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 1;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<std::uint16_t>(sections.size() + 1);
    header.e_shstrndx = static_cast<std::uint16_t>(sections.size());
    Elf64_Phdr code{};
    code.p_type = PT_LOAD;
    code.p_flags = PF_R | PF_X;
    code.p_vaddr = 0x400000;
    code.p_filesz = code.p_memsz = 0x1000;

    std::string contents;
    std::vector<Elf64_Shdr> table(1);
    std::size_t name = 1;
    for (auto const& each : sections) {
        Elf64_Shdr about{};
        about.sh_name = static_cast<std::uint32_t>(name);
        about.sh_type = each.type;
        about.sh_link = each.link;
        about.sh_addr = each.address;
        about.sh_offset = 0x1000 + contents.size();
        about.sh_size = each.bytes.size();
        table.push_back(about);
        contents += each.bytes;
        name += each.name.size() + 1;
    }
    header.e_shoff = 0x1000 + contents.size();
    std::string bytes;
    append_bytes(bytes, header);
    append_bytes(bytes, code);
    bytes.resize(0x1000, '\x90');
    bytes += contents;
    for (auto const& each : table)
        append_bytes(bytes, each);
    return bytes;
}
