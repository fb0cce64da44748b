// SPDX-License-Identifier: Apache-2.0
#include "symbol/elf.hpp"

#include "error/fail.hpp"
#include "symbol/wanted_names.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <unordered_map>
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

constexpr std::size_t most_version_letters = 1'024;
constexpr std::size_t most_name_places = 1U << 22;
constexpr std::uint32_t most_hashed_alike = 1'024;

constexpr std::size_t bytes_at_once = 1U << 16;

struct class_32 {
    using header = Elf32_Ehdr;
    using segment = Elf32_Phdr;
    using section = Elf32_Shdr;
    using symbol = Elf32_Sym;
    using word = Elf32_Word; // of the Bloom filter in .gnu.hash
};
struct class_64 {
    using header = Elf64_Ehdr;
    using segment = Elf64_Phdr;
    using section = Elf64_Shdr;
    using symbol = Elf64_Sym;
    using word = Elf64_Xword;
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
    entry_ = header.e_entry;
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
                   case SHT_GNU_HASH: found.hashes = one; break;
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
    if (section.size > most) return damaged();
    std::string bytes(static_cast<std::size_t>(section.size), '\0');
    return read_exactly(bytes.data(), bytes.size(), section.offset).map([&] {
        return std::move(bytes);
    });
}

result<std::optional<std::string>> elf_file::text_in(elf_section const& texts,
                                                     std::uint64_t at) const {
    if (at >= texts.size) return std::optional<std::string>{};
    std::array<char, most_version_letters> room;
    auto const size =
        static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), texts.size - at));
    return read_exactly(room.data(), size, texts.offset + at).map([&] {
        auto const text = text_at(room.data(), size, 0);
        return text ? std::optional{std::string{*text}} : std::nullopt;
    });
}

template <class Class>
result<std::vector<std::string>> elf_file::version_names(sections const& of) const {
    std::vector<std::string> names;
    if (!of.versym || !of.verdef) return names;
    auto const bytes = read_section(*of.verdef, most_version_bytes);
    if (!bytes) return tl::unexpected{bytes.error()};
    auto const texts = section_at<Class>(of.verdef->link);
    if (!texts) return tl::unexpected{texts.error()};
    // Of 32 and 64 bits alike. Each is further on than the last one: there are no circles.
    static_assert(sizeof(Elf32_Verdef) == sizeof(Elf64_Verdef));
    auto const copy = [&](auto& into, std::uint64_t at) {
        if (at > bytes->size || bytes->size - at < sizeof into) return false;
        std::memcpy(&into, bytes->bytes.get() + at, sizeof into);
        return true;
    };
    for (std::uint64_t at = 0; at < bytes->size;) {
        Elf64_Verdef version;
        Elf64_Verdaux name;
        if (!copy(version, at)) break;
        std::size_t const index = version.vd_ndx & 0x7fffU;
        if ((version.vd_flags & VER_FLG_BASE) == 0 && copy(name, at + version.vd_aux)) {
            auto text = text_in(*texts, name.vda_name);
            if (!text) return tl::unexpected{text.error()};
            if (names.size() <= index) names.resize(index + 1);
            if (*text) names[index] = **std::move(text);
        }
        if (version.vd_next == 0) break;
        at += version.vd_next;
    }
    return names;
}

namespace {

std::optional<symbol_kind> kind_of(unsigned type) {
    switch (type) {
    case STT_FUNC:
    case STT_GNU_IFUNC: return symbol_kind::function;
    case STT_OBJECT:
    case STT_COMMON:
    case STT_TLS: return symbol_kind::data;
    case STT_NOTYPE: return symbol_kind::label;
    default: return std::nullopt;
    }
}

/// The function of a symbol; nothing where it is not one that the file defines.
template <class Symbol>
std::optional<elf_function> function_of(Symbol const& raw,
                                        symbol_kind kind = symbol_kind::function) {
    auto const type = raw.st_info & 0xfU;
    if (kind_of(type) != kind || raw.st_shndx == SHN_UNDEF) return std::nullopt;
    unsigned const binding = raw.st_info >> 4U;
    return elf_function{.is_indirect = type == STT_GNU_IFUNC,
                        .binding = binding == STB_LOCAL  ? symbol_binding::local
                                   : binding == STB_WEAK ? symbol_binding::weak
                                                         : symbol_binding::global,
                        .address = raw.st_value,
                        .size = raw.st_size};
}

/// As .symtab has it in the name: behind its first '@'.
void set_version(elf_function& function, std::string_view behind) {
    function.is_hidden = !behind.starts_with('@');
    function.version = function.is_hidden ? behind : behind.substr(1);
}

/// As .dynsym has it in a table beside it.
void set_version(elf_function& function, Elf64_Versym number,
                 std::span<std::string const> versions) {
    std::size_t const index = number & 0x7fffU;
    if (index < versions.size()) function.version = versions[index];
    function.is_hidden = !function.version.empty() && (number & 0x8000U) != 0;
}

std::uint32_t hash_of(std::string_view name) {
    std::uint32_t hash = 5'381;
    for (char const letter : name)
        hash = hash * 33 + static_cast<unsigned char>(letter);
    return hash;
}

} // namespace

result<std::vector<elf_file::name_place>> elf_file::places_of(wanted_names const& names,
                                                              elf_section const& texts) const {
    if (texts.size > most_text_bytes) return damaged();
    std::vector<name_place> places;
    auto const kept = names.reach(); // of the read before
    std::string room(kept + std::max(bytes_at_once, kept), '\0');
    for (std::uint64_t done = 0; done != texts.size;) {
        auto const size = static_cast<std::size_t>(
            std::min<std::uint64_t>(room.size() - kept, texts.size - done));
        auto* const begin = room.data() + kept;
        if (auto const read = read_exactly(begin, size, texts.offset + done); !read)
            return tl::unexpected{read.error()};
        auto const* const end = begin + size;
        auto const next = [&](char const* from, char letter) {
            auto const* const found = static_cast<char const*>(
                std::memchr(from, letter, static_cast<std::size_t>(end - from)));
            return found ? found : end;
        };
        auto const take = [&](char const* at, bool has_version) {
            names.end_at(at, [&](std::size_t index) {
                auto const behind = done + static_cast<std::uint64_t>(at - begin);
                places.push_back(
                    {behind - names.names()[index].size(), index, has_version ? behind + 1 : 0});
            });
        };
        auto const* sign = next(begin, '@');
        for (auto const* at = static_cast<char const*>(begin); at != end; ++at) {
            at = next(at, '\0');
            for (; sign < at; sign = next(sign + 1, '@'))
                take(sign, true);
            if (at == end) break;
            take(at, false);
        }
        if (places.size() > most_name_places) return damaged();
        done += size;
        std::memmove(room.data(), room.data() + size, kept);
    }
    std::ranges::sort(places, {}, &name_place::at);
    return places;
}

template <class Class>
result<bool> elf_file::for_each_function_of(symbol_table which,
                                            std::function<void(elf_function const&)> const& look,
                                            wanted_names const* only, symbol_kind kind) const {
    using symbol = typename Class::symbol;
    auto const found = find_sections<Class>();
    if (!found) return tl::unexpected{found.error()};
    bool const is_dynamic = which == symbol_table::dynamic;
    auto const& table = is_dynamic ? found->dynsym : found->symtab;
    if (!table) return false;
    auto const count = table->size / sizeof(symbol);
    if (table->size > most_table_bytes) return damaged();
    auto const texts = section_at<Class>(table->link);
    if (!texts) return tl::unexpected{texts.error()};
    contents names, numbers;
    std::vector<name_place> places;
    std::bitset<bytes_at_once> begins; // a few of the bits of where a name does
    auto const bit_of = [](std::uint32_t at) { return std::size_t{(at * 0x9e37'79b9U) >> 16U}; };
    if (only) {
        auto found_names = places_of(*only, *texts);
        if (!found_names) return tl::unexpected{found_names.error()};
        places = *std::move(found_names);
        for (auto const& each : places)
            begins.set(bit_of(static_cast<std::uint32_t>(each.at)));
    } else {
        auto read = read_section(*texts, most_text_bytes);
        if (!read) return tl::unexpected{read.error()};
        names = *std::move(read);
    }

    // The dynamic table has versions in tables beside it, the static one in the names.
    std::vector<std::string> versions;
    if (is_dynamic && found->versym && (!only || !places.empty())) {
        auto read = read_section(*found->versym, count * sizeof(Elf64_Versym));
        if (!read) return tl::unexpected{read.error()};
        numbers = *std::move(read);
        auto named = version_names<Class>(*found);
        if (!named) return tl::unexpected{named.error()};
        versions = *std::move(named);
    }
    auto const look_at = [&](elf_function& function, std::size_t index) {
        Elf64_Versym number = 0;
        if (function.version.empty() && index < numbers.size / sizeof number) {
            std::memcpy(&number, numbers.bytes.get() + index * sizeof number, sizeof number);
            set_version(function, number, versions);
        }
        look(function);
    };

    std::size_t next = 0;
    std::uint64_t letters = 0;
    std::optional<error> refusal;
    std::unordered_map<std::uint64_t, std::string> in_names; // versions, by where they are
    auto const look_for = [&](elf_function& function, std::uint32_t name, std::size_t index) {
        auto const at = std::ranges::equal_range(places, name, {}, &name_place::at);
        for (auto const& each : at) {
            function.name = only->names()[each.index];
            function.version = {};
            function.is_hidden = false;
            if (each.version_at != 0 && function.name.front() != '@') {
                auto known = in_names.find(each.version_at);
                if (known == in_names.end()) {
                    auto text = text_in(*texts, each.version_at);
                    if (!text) refusal = std::move(text).error();
                    if (!text || !*text) return false;
                    known = in_names.emplace(each.version_at, **std::move(text)).first;
                }
                set_version(function, known->second);
            }
            look_at(function, index);
        }
        return true;
    };
    auto const read = for_each_entry<symbol>(table->offset, count, [&](symbol const& raw) {
        auto const index = next++;
        if (only && raw.st_name < texts->size && !begins[bit_of(raw.st_name)]) return true;
        auto function = function_of(raw, kind);
        if (!function) return true;
        if (only) return raw.st_name < texts->size && look_for(*function, raw.st_name, index);
        auto const name = text_at(names.bytes.get(), names.size, raw.st_name);
        if (!name) return false;
        letters += name->size();
        if (letters > most_letters_of_names) return false;
        auto const sign = name->find('@');
        function->name = *name;
        if (sign != name->npos && sign != 0) {
            function->name = name->substr(0, sign);
            set_version(*function, name->substr(sign + 1));
        }
        look_at(*function, index);
        return true;
    });
    if (refusal) return tl::unexpected{*std::move(refusal)};
    return read.map([] { return true; });
}

result<bool> elf_file::for_each_function(symbol_table which,
                                         std::function<void(elf_function const&)> const& look,
                                         wanted_names const* only, symbol_kind kind) const {
    return is_64_bit_ ? for_each_function_of<class_64>(which, look, only, kind)
                      : for_each_function_of<class_32>(which, look, only, kind);
}

// As the dynamic loader does it, but for the Bloom filter: that costs as much as the bucket does.
template <class Class>
result<void>
elf_file::for_each_hashed_of(std::span<std::string_view const> names,
                             std::function<void(elf_function const&)> const& look) const {
    using symbol = typename Class::symbol;
    auto const found = find_sections<Class>();
    if (!found) return tl::unexpected{found.error()};
    auto const& table = found->dynsym;
    if (!table || !found->hashes) return {};
    struct {
        std::uint32_t buckets, first, words, shift;
    } head;
    if (found->hashes->size < sizeof head) return {};
    if (auto const read = read_exactly(&head, sizeof head, found->hashes->offset); !read)
        return read;
    auto const texts = section_at<Class>(table->link);
    if (!texts) return tl::unexpected{texts.error()};
    auto const count = table->size / sizeof(symbol);
    auto const buckets_at = found->hashes->offset + sizeof head +
                            std::uint64_t{head.words} * sizeof(typename Class::word);
    auto const chains_at = buckets_at + std::uint64_t{head.buckets} * sizeof(std::uint32_t);
    if (head.buckets == 0 || chains_at - found->hashes->offset > found->hashes->size) return {};
    std::optional<std::vector<std::string>> versions; // read once they are needed

    std::string text;
    auto const look_at = [&](std::uint64_t index, std::string_view name) -> result<void> {
        symbol raw;
        if (auto const read = read_exactly(&raw, sizeof raw, table->offset + index * sizeof raw);
            !read)
            return read;
        auto function = function_of(raw);
        if (!function || raw.st_name >= texts->size || texts->size - raw.st_name <= name.size())
            return {};
        text.resize(name.size() + 1);
        if (auto const read = read_exactly(text.data(), text.size(), texts->offset + raw.st_name);
            !read)
            return read;
        if (text.back() != '\0' || !text.starts_with(name)) return {};
        function->name = name;
        if (found->versym && index < found->versym->size / sizeof(Elf64_Versym)) {
            Elf64_Versym number;
            auto read =
                read_exactly(&number, sizeof number, found->versym->offset + index * sizeof number);
            if (!read) return read;
            if (!versions) {
                auto named = version_names<Class>(*found);
                if (!named) return tl::unexpected{named.error()};
                versions = *std::move(named);
            }
            set_version(*function, number, *versions);
        }
        look(*function);
        return {};
    };

    std::array<std::uint32_t, 16> chain;
    for (auto const name : names) {
        auto const hash = hash_of(name);
        std::uint32_t index = 0;
        auto read = read_exactly(&index, sizeof index,
                                 buckets_at + hash % head.buckets * std::uint64_t{sizeof index});
        if (!read) return read;
        if (index < head.first || index == 0) continue;
        bool is_last = false;
        for (std::uint32_t seen = 0; !is_last && seen < most_hashed_alike && index < count;) {
            auto const some =
                static_cast<std::size_t>(std::min<std::uint64_t>(chain.size(), count - index));
            read = read_exactly(chain.data(), some * sizeof chain[0],
                                chains_at + std::uint64_t{index - head.first} * sizeof chain[0]);
            if (!read) return read;
            for (std::size_t i = 0; i != some && !is_last; ++i, ++index, ++seen) {
                is_last = (chain[i] & 1U) != 0;
                if ((chain[i] | 1U) != (hash | 1U)) continue;
                if (auto const looked = look_at(index, name); !looked) return looked;
            }
        }
    }
    return {};
}

result<void> elf_file::for_each_hashed(std::span<std::string_view const> names,
                                       std::function<void(elf_function const&)> const& look) const {
    return is_64_bit_ ? for_each_hashed_of<class_64>(names, look)
                      : for_each_hashed_of<class_32>(names, look);
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
