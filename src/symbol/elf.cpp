// SPDX-License-Identifier: Apache-2.0
#include "symbol/elf.hpp"

#include "error/fail.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <utility>

namespace bpflink {
namespace {

// More than any program has; a file that claims more would be read for ever.
constexpr std::uint64_t most_segments = 4'096;
constexpr std::uint64_t most_sections = 1U << 20;
constexpr std::uint64_t most_table_bytes = 1U << 30;
constexpr std::uint64_t most_text_bytes = 1U << 29;
constexpr std::uint64_t most_version_bytes = 1U << 24;
constexpr std::uint64_t most_section_names = 1U << 24;

constexpr std::size_t bytes_at_once = 1U << 16;

struct class_32 {
    using header = Elf32_Ehdr;
    using segment = Elf32_Phdr;
    using section = Elf32_Shdr;
    using symbol = Elf32_Sym;
};
struct class_64 {
    using header = Elf64_Ehdr;
    using segment = Elf64_Phdr;
    using section = Elf64_Shdr;
    using symbol = Elf64_Sym;
};

tl::unexpected<error> unusable(std::string const& path, std::string advice) {
    return fail(-ENOEXEC, operation::resolve_symbol, errc::invalid_argument, path,
                std::move(advice));
}

/// The text that begins at `at` and ends by a zero byte; nothing where that is outside.
std::optional<std::string_view> text_at(char const* bytes, std::size_t size, std::uint64_t at) {
    if (at >= size) return std::nullopt;
    auto const* const begin = bytes + at;
    auto const* const end =
        static_cast<char const*>(std::memchr(begin, '\0', size - static_cast<std::size_t>(at)));
    if (!end) return std::nullopt;
    return std::string_view{begin, static_cast<std::size_t>(end - begin)};
}

} // namespace

tl::unexpected<error> elf_file::damaged() const {
    return unusable(path(), "the ELF file is damaged, or cut short");
}

result<void> elf_file::read_exactly(void* into, std::size_t size, std::uint64_t offset) const {
    return file_->read({static_cast<std::byte*>(into), size}, offset)
        .and_then([&](std::size_t read) -> result<void> {
            if (read != size) return damaged();
            return {};
        });
}

template <class Raw, class Look>
result<void> elf_file::for_each_entry(std::uint64_t offset, std::uint64_t count, Look look) const {
    std::vector<Raw> some(
        static_cast<std::size_t>(std::min<std::uint64_t>(count, bytes_at_once / sizeof(Raw))));
    for (std::uint64_t done = 0; done != count;) {
        auto const number =
            static_cast<std::size_t>(std::min<std::uint64_t>(count - done, some.size()));
        auto read = read_exactly(some.data(), number * sizeof(Raw), offset + done * sizeof(Raw));
        if (!read) return read;
        for (std::size_t i = 0; i != number; ++i)
            if (!look(std::as_const(some[i]))) return damaged();
        done += number;
    }
    return {};
}

template <class Class>
result<void> elf_file::read_headers() {
    typename Class::header header;
    if (auto const read = read_exactly(&header, sizeof header, 0); !read) return read;
    machine_ = header.e_machine;
    sections_offset_ = header.e_shoff;
    number_of_sections_ = header.e_shnum;
    section_of_names_ = header.e_shstrndx;
    if (header.e_shoff != 0) {
        if (header.e_shentsize != sizeof(typename Class::section)) return damaged();
        if (header.e_shnum == 0 || header.e_shstrndx == SHN_XINDEX) {
            typename Class::section first; // tells what does not fit into the header
            if (auto const read = read_exactly(&first, sizeof first, header.e_shoff); !read)
                return read;
            if (header.e_shnum == 0) number_of_sections_ = first.sh_size;
            if (number_of_sections_ == 0) return damaged();
            if (header.e_shstrndx == SHN_XINDEX) section_of_names_ = first.sh_link;
        }
        if (number_of_sections_ > most_sections) return damaged();
    } else {
        number_of_sections_ = 0;
    }
    if (header.e_phnum == 0) return {};
    if (header.e_phnum > most_segments || header.e_phentsize != sizeof(typename Class::segment))
        return damaged();
    return for_each_entry<typename Class::segment>(
        header.e_phoff, header.e_phnum, [&](auto const& about) {
            if (about.p_type == PT_NOTE)
                notes_.push_back(
                    {.type = SHT_NOTE, .offset = about.p_offset, .size = about.p_filesz});
            if (about.p_type == PT_LOAD)
                segments_.push_back({.address = about.p_vaddr,
                                     .offset = about.p_offset,
                                     .size = about.p_filesz,
                                     .is_executable = (about.p_flags & PF_X) != 0,
                                     .is_writable = (about.p_flags & PF_W) != 0});
            return true;
        });
}

result<elf_file> elf_file::open(binary_file const& file) {
    if (!file.is_elf()) return unusable(file.path(), "it is not an ELF file");
    elf_file opened{file};
    std::array<unsigned char, EI_NIDENT> about{};
    if (auto const read = opened.read_exactly(about.data(), about.size(), 0); !read)
        return tl::unexpected{read.error()};
    constexpr auto own_order =
        std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
    auto const order = about[EI_DATA];
    opened.is_64_bit_ = about[EI_CLASS] == ELFCLASS64;
    if ((about[EI_CLASS] != ELFCLASS32 && !opened.is_64_bit_) ||
        (order != ELFDATA2LSB && order != ELFDATA2MSB) || about[EI_VERSION] != EV_CURRENT)
        return opened.damaged();
    if (order != own_order)
        return unusable(file.path(), "the ELF file is for machines of the other byte order");
    auto const read =
        opened.is_64_bit_ ? opened.read_headers<class_64>() : opened.read_headers<class_32>();
    return read.map([&] { return std::move(opened); });
}

result<elf_file::contents> elf_file::read_section(elf_section const& what,
                                                  std::uint64_t most) const {
    if (what.size > most) return damaged();
    contents read{std::make_unique_for_overwrite<char[]>(static_cast<std::size_t>(what.size)),
                  static_cast<std::size_t>(what.size)};
    return read_exactly(read.bytes.get(), read.size, what.offset).map([&] {
        return std::move(read);
    });
}

template <class Class>
result<elf_section> elf_file::section_at(std::uint64_t index) const {
    typename Class::section about;
    if (index >= number_of_sections_) return damaged();
    return read_exactly(&about, sizeof about, sections_offset_ + index * sizeof about).map([&] {
        return elf_section{{}, about.sh_type, about.sh_link, about.sh_offset, about.sh_size};
    });
}

template <class Class>
result<elf_file::sections> elf_file::find_sections() const {
    sections found;
    return for_each_entry<typename Class::section>(
               sections_offset_, number_of_sections_,
               [&](auto const& about) {
                   elf_section const one{
                       {}, about.sh_type, about.sh_link, about.sh_offset, about.sh_size};
                   switch (about.sh_type) {
                   case SHT_SYMTAB: found.symtab = one; break;
                   case SHT_DYNSYM: found.dynsym = one; break;
                   case SHT_GNU_versym: found.versym = one; break;
                   case SHT_GNU_verdef: found.verdef = one; break;
                   default: break;
                   }
                   return true;
               })
        .map([&] { return found; });
}

template <class Class>
result<void>
elf_file::for_each_section_of(std::function<bool(elf_section const&)> const& look) const {
    contents names;
    if (section_of_names_ != 0 && number_of_sections_ != 0) {
        auto read = section_at<Class>(section_of_names_).and_then([&](elf_section const& where) {
            return read_section(where, most_section_names);
        });
        if (!read) return tl::unexpected{read.error()};
        names = *std::move(read);
    }
    bool goes_on = true;
    return for_each_entry<typename Class::section>(
        sections_offset_, number_of_sections_, [&](auto const& about) {
            if (!goes_on) return true;
            auto const name = text_at(names.bytes.get(), names.size, about.sh_name);
            goes_on = look({.name = name.value_or(std::string_view{}),
                            .type = about.sh_type,
                            .link = about.sh_link,
                            .offset = about.sh_offset,
                            .size = about.sh_size,
                            .address = about.sh_addr});
            return true;
        });
}

result<void> elf_file::for_each_section(std::function<bool(elf_section const&)> const& look) const {
    return is_64_bit_ ? for_each_section_of<class_64>(look) : for_each_section_of<class_32>(look);
}

result<elf_section> elf_file::nth_section(std::uint64_t index) const {
    return is_64_bit_ ? section_at<class_64>(index) : section_at<class_32>(index);
}

result<std::string> elf_file::bytes_of(elf_section const& section, std::uint64_t most) const {
    return read_section(section, most).map([](contents const& read) {
        return std::string{read.bytes.get(), read.size};
    });
}

/// The names that a file gives to versions, by their index; empty for those that it does not.
result<std::vector<std::string_view>> elf_file::version_names(elf_section const& verdef,
                                                              contents const& bytes,
                                                              contents const& texts) const {
    // Of 32 and 64 bits alike. Each is further on than the last one: there are no circles.
    static_assert(sizeof(Elf32_Verdef) == sizeof(Elf64_Verdef));
    std::vector<std::string_view> names;
    auto const copy = [&](auto& into, std::uint64_t at) {
        if (at > bytes.size || bytes.size - at < sizeof into) return false;
        std::memcpy(&into, bytes.bytes.get() + at, sizeof into);
        return true;
    };
    for (std::uint64_t at = 0; at < verdef.size;) {
        Elf64_Verdef version;
        Elf64_Verdaux name;
        if (!copy(version, at)) break;
        std::size_t const index = version.vd_ndx & 0x7fffU;
        if ((version.vd_flags & VER_FLG_BASE) == 0 && copy(name, at + version.vd_aux)) {
            if (names.size() <= index) names.resize(index + 1);
            if (auto const text = text_at(texts.bytes.get(), texts.size, name.vda_name))
                names[index] = *text;
        }
        if (version.vd_next == 0) break;
        at += version.vd_next;
    }
    return names;
}

template <class Class>
result<bool>
elf_file::for_each_function_of(symbol_table which,
                               std::function<void(elf_function const&)> const& look) const {
    using symbol = typename Class::symbol;
    auto const found = find_sections<Class>();
    if (!found) return tl::unexpected{found.error()};
    auto const& table = which == symbol_table::dynamic ? found->dynsym : found->symtab;
    if (!table) return false;
    auto const count = table->size / sizeof(symbol);
    if (table->size > most_table_bytes) return damaged();
    auto const texts = section_at<Class>(table->link).and_then([&](elf_section const& where) {
        return read_section(where, most_text_bytes);
    });
    if (!texts) return tl::unexpected{texts.error()};

    // The dynamic table has versions in tables beside it, the static one in the names.
    contents versions, definitions, version_texts;
    std::vector<std::string_view> names;
    if (which == symbol_table::dynamic && found->versym) {
        auto read = read_section(*found->versym, count * sizeof(Elf64_Versym));
        if (!read) return tl::unexpected{read.error()};
        versions = *std::move(read);
        if (found->verdef) {
            auto defined = read_section(*found->verdef, most_version_bytes);
            if (!defined) return tl::unexpected{defined.error()};
            definitions = *std::move(defined);
            bool const has_own = found->verdef->link != table->link;
            if (has_own) {
                auto own =
                    section_at<Class>(found->verdef->link).and_then([&](elf_section const& where) {
                        return read_section(where, most_text_bytes);
                    });
                if (!own) return tl::unexpected{own.error()};
                version_texts = *std::move(own);
            }
            auto named =
                version_names(*found->verdef, definitions, has_own ? version_texts : *texts);
            if (!named) return tl::unexpected{named.error()};
            names = *std::move(named);
        }
    }

    std::size_t index = 0;
    return for_each_entry<symbol>(
               table->offset, count,
               [&](symbol const& raw) {
                   auto const at = index++;
                   auto const type = raw.st_info & 0xfU;
                   if ((type != STT_FUNC && type != STT_GNU_IFUNC) || raw.st_shndx == SHN_UNDEF)
                       return true;
                   auto const name = text_at(texts->bytes.get(), texts->size, raw.st_name);
                   if (!name) return false;
                   elf_function function{.name = *name,
                                         .is_indirect = type == STT_GNU_IFUNC,
                                         .address = raw.st_value,
                                         .size = raw.st_size};
                   unsigned const binding = raw.st_info >> 4U;
                   function.binding = binding == STB_LOCAL  ? symbol_binding::local
                                      : binding == STB_WEAK ? symbol_binding::weak
                                                            : symbol_binding::global;
                   if (auto const sign = name->find('@'); sign != name->npos && sign != 0) {
                       auto const version = name->substr(sign + 1);
                       function.is_hidden = !version.starts_with('@');
                       function.version = function.is_hidden ? version : version.substr(1);
                       function.name = name->substr(0, sign);
                   } else if (Elf64_Versym number = 0; at < versions.size / sizeof number) {
                       std::memcpy(&number, versions.bytes.get() + at * sizeof number,
                                   sizeof number);
                       std::size_t const version = number & 0x7fffU;
                       if (version < names.size()) function.version = names[version];
                       function.is_hidden = !function.version.empty() && (number & 0x8000U) != 0;
                   }
                   look(function);
                   return true;
               })
        .map([] { return true; });
}

result<bool>
elf_file::for_each_function(symbol_table which,
                            std::function<void(elf_function const&)> const& look) const {
    return is_64_bit_ ? for_each_function_of<class_64>(which, look)
                      : for_each_function_of<class_32>(which, look);
}

std::optional<std::uint64_t> elf_file::offset_of(std::uint64_t address) const noexcept {
    for (auto const& loaded : segments_)
        if (address >= loaded.address && address - loaded.address < loaded.size)
            return address - loaded.address + loaded.offset;
    return std::nullopt;
}

elf_segment const* elf_file::segment_at(std::uint64_t offset) const noexcept {
    elf_segment const* found = nullptr;
    for (auto const& loaded : segments_)
        if (offset >= loaded.offset && offset - loaded.offset < loaded.size &&
            (!found || (loaded.is_executable && !found->is_executable)))
            found = &loaded;
    return found;
}

} // namespace bpflink
