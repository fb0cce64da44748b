// SPDX-License-Identifier: Apache-2.0
#include "symbols/elf.hpp"

#include "fail.hpp"
#include "sys.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

namespace bpflink {
namespace {

tl::unexpected<error> unusable(std::string const& path, std::string advice) {
    return fail(-ENOEXEC, operation::resolve_symbol, errc::invalid_argument, path,
                std::move(advice));
}

result<unique_fd> open_binary(std::string const& path) {
    auto opened = sys::open_file(path.c_str());
    if (!opened) return fail(opened.outcome(), operation::open, path);
    unique_fd file{std::move(opened)};
    std::array<std::byte, SELFMAG> magic;
    int const outcome = sys::read(file.get(), magic);
    if (outcome == -EISDIR)
        return fail(outcome, operation::read, errc::invalid_argument, path, "it is a directory");
    if (outcome < 0) return fail(outcome, operation::read, path);
    if (outcome != SELFMAG || std::memcmp(magic.data(), ELFMAG, SELFMAG) != 0)
        return unusable(path, "it is no ELF file");
    return file;
}

/// The names that a file gives to versions, by their index; empty for those that it does not.
std::vector<std::string_view> version_names(Elf* elf, Elf_Scn* section) {
    std::vector<std::string_view> names;
    GElf_Shdr header;
    Elf_Data* const data = section ? ::elf_getdata(section, nullptr) : nullptr;
    if (!data || !::gelf_getshdr(section, &header)) return names;
    for (std::size_t at = 0; at < data->d_size && at <= INT_MAX;) {
        GElf_Verdef version;
        GElf_Verdaux name;
        if (!::gelf_getverdef(data, static_cast<int>(at), &version)) break;
        std::size_t const index = version.vd_ndx & 0x7fffU;
        std::size_t const name_at = at + version.vd_aux;
        if ((version.vd_flags & VER_FLG_BASE) == 0 && name_at <= INT_MAX &&
            ::gelf_getverdaux(data, static_cast<int>(name_at), &name)) {
            if (names.size() <= index) names.resize(index + 1);
            if (char const* const text = ::elf_strptr(elf, header.sh_link, name.vda_name))
                names[index] = text;
        }
        if (version.vd_next == 0) break;
        at += version.vd_next;
    }
    return names;
}

} // namespace

result<elf_file> elf_file::open(std::string path) {
    auto file = open_binary(path);
    if (!file) return tl::unexpected{std::move(file.error())};

    [[maybe_unused]] static auto const version = ::elf_version(EV_CURRENT); // libelf wants it first
    ::elf_errno(); // forgets that of another file
    elf_file opened{std::move(path), *std::move(file)};
    // Mapped: a table may be larger than all that is ever asked of it.
    opened.elf_.reset(::elf_begin(opened.file_.get(), ELF_C_READ_MMAP, nullptr));
    Elf* const elf = opened.elf_.get();
    GElf_Ehdr header;
    std::size_t segments = 0, sections = 0;
    if (!elf || ::elf_kind(elf) != ELF_K_ELF || !::gelf_getehdr(elf, &header) ||
        ::elf_getphdrnum(elf, &segments) != 0 || ::elf_getshdrnum(elf, &sections) != 0 ||
        (header.e_shoff != 0 && sections == 0) || (header.e_phnum != 0 && segments == 0))
        return opened.damaged();
    for (std::size_t i = 0; i != segments; ++i) {
        GElf_Phdr about;
        if (i > INT_MAX || !::gelf_getphdr(elf, static_cast<int>(i), &about))
            return opened.damaged();
        if (about.p_type == PT_LOAD)
            opened.segments_.push_back({about.p_vaddr, about.p_offset, about.p_filesz});
    }
    for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf, section));) {
        GElf_Shdr about;
        if (!::gelf_getshdr(section, &about)) return opened.damaged();
        switch (about.sh_type) {
        case SHT_SYMTAB: opened.symtab_ = section; break;
        case SHT_DYNSYM: opened.dynsym_ = section; break;
        case SHT_GNU_versym: opened.versym_ = section; break;
        case SHT_GNU_verdef: opened.verdef_ = section; break;
        default: break;
        }
    }
    return opened;
}

tl::unexpected<error> elf_file::damaged() const {
    std::string advice = "the ELF file is damaged, or cut short";
    if (int const number = ::elf_errno(); number != 0)
        advice.append(" (").append(::elf_errmsg(number)).append(")");
    return unusable(path_, std::move(advice));
}

result<elf_file::table> elf_file::open_table(symbol_table which) const {
    table opened;
    Elf_Scn* const section = which == symbol_table::dynamic ? dynsym_ : symtab_;
    if (!section) return opened;
    GElf_Shdr header;
    opened.symbols = ::elf_getdata(section, nullptr);
    std::size_t const size = ::gelf_fsize(elf_.get(), ELF_T_SYM, 1, EV_CURRENT);
    if (!opened.symbols || !::gelf_getshdr(section, &header) || size == 0) return damaged();
    opened.strings = header.sh_link;
    opened.size = opened.symbols->d_size / size;
    if (opened.size > INT_MAX) return damaged();
    if (which == symbol_table::dynamic && versym_) {
        opened.versions = ::elf_getdata(versym_, nullptr);
        if (!opened.versions) return damaged();
        opened.version_names = version_names(elf_.get(), verdef_);
    }
    return opened;
}

result<bool> elf_file::read_function(table const& in, std::size_t index, elf_function& into) const {
    GElf_Sym symbol;
    if (!::gelf_getsym(in.symbols, static_cast<int>(index), &symbol)) return damaged();
    auto const type = GELF_ST_TYPE(symbol.st_info);
    if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol.st_shndx == SHN_UNDEF) return false;
    char const* const name = ::elf_strptr(elf_.get(), in.strings, symbol.st_name);
    if (!name) return damaged();
    into = {.name = name, .address = symbol.st_value};
    auto const binding = GELF_ST_BIND(symbol.st_info);
    into.binding = binding == STB_LOCAL  ? symbol_binding::local
                   : binding == STB_WEAK ? symbol_binding::weak
                                         : symbol_binding::global;
    // The static table has the version in the name, the dynamic one in a table beside it.
    if (auto const at = into.name.find('@'); at != into.name.npos && at != 0) {
        auto const version = into.name.substr(at + 1);
        into.is_hidden = !version.starts_with('@');
        into.version = into.is_hidden ? version : version.substr(1);
        into.name = into.name.substr(0, at);
    } else if (GElf_Versym version;
               in.versions && ::gelf_getversym(in.versions, static_cast<int>(index), &version)) {
        std::size_t const number = version & 0x7fffU;
        if (number < in.version_names.size()) into.version = in.version_names[number];
        into.is_hidden = !into.version.empty() && (version & 0x8000U) != 0;
    }
    return true;
}

std::optional<std::uint64_t> elf_file::offset_of(std::uint64_t address) const noexcept {
    for (auto const& loaded : segments_)
        if (address >= loaded.address && address - loaded.address < loaded.size)
            return address - loaded.address + loaded.offset;
    return std::nullopt;
}

} // namespace bpflink
