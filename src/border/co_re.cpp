// SPDX-License-Identifier: Apache-2.0
#include "border/co_re.hpp"

#include <algorithm>
#include <bitset>
#include <charconv>
#include <cstring>
#include <elf.h>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <linux/bpf.h>
#include <linux/btf.h>

namespace bpflink {
namespace {

/// Something that libbpf has to look at.
struct not_plain {};

void need(bool what) {
    if (!what) throw not_plain{};
}

template <class T>
T const& at(std::span<std::byte const> bytes, std::size_t offset) {
    need(offset <= bytes.size() && bytes.size() - offset >= sizeof(T));
    return *reinterpret_cast<T const*>(bytes.data() + offset);
}

std::span<std::byte const> part(std::span<std::byte const> bytes, std::size_t offset,
                                std::size_t size) {
    need(offset <= bytes.size() && bytes.size() - offset >= size);
    return bytes.subspan(offset, size);
}

std::string_view text_at(std::span<std::byte const> texts, std::size_t offset) {
    need(offset < texts.size() && texts.back() == std::byte{});
    return reinterpret_cast<char const*>(texts.data() + offset);
}

/// Names, of which most others are told apart by a look.
class name_set {
public:
    void add(std::string_view name) {
        names_.try_emplace(name);
        looks_.set(look(name.data()));
    }
    /// The ids of the types that have the name; null where nobody wants it.
    std::vector<std::uint32_t>* of(char const* name) {
        if (!looks_.test(look(name))) return nullptr;
        auto const known = names_.find(std::string_view{name});
        return known == names_.end() ? nullptr : &known->second;
    }

private:
    static std::size_t look(char const* name) {
        std::uint32_t hash = 0;
        for (int i = 0; i != 6 && name[i] != 0; ++i)
            hash = hash * 31 + static_cast<unsigned char>(name[i]);
        return hash % 4096;
    }
    std::map<std::string_view, std::vector<std::uint32_t>> names_;
    std::bitset<4096> looks_;
};

constexpr unsigned most_steps = 64; // of types that are each other's part: no kernel has so many

bool is_composite(unsigned kind) noexcept {
    return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION;
}

/// BTF: types by their numbers.
class types {
public:
    explicit types(std::span<std::byte const> raw, name_set* wanted = nullptr) {
        auto const& header = at<btf_header>(raw, 0);
        need(header.magic == BTF_MAGIC);
        types_ = part(raw, header.hdr_len + header.type_off, header.type_len);
        texts_ = part(raw, header.hdr_len + header.str_off, header.str_len);
        need(!texts_.empty() && texts_.back() == std::byte{});
        places_.reserve(types_.size() / 24);
        places_.push_back(0); // void
        for (std::size_t place = 0; place != types_.size();) {
            auto const& type = at<btf_type>(types_, place);
            if (wanted) note(type, *wanted);
            places_.push_back(static_cast<std::uint32_t>(place));
            place += sizeof type + size_of_rest(type);
        }
    }

    [[nodiscard]] btf_type const& operator[](std::uint32_t id) const {
        need(id != 0 && id < places_.size());
        return at<btf_type>(types_, places_[id]);
    }
    [[nodiscard]] std::string_view text(std::uint32_t offset) const {
        return text_at(texts_, offset);
    }
    [[nodiscard]] std::span<btf_member const> members(btf_type const& type) const {
        auto const rest = part(types_, offset_of(type) + sizeof type, size_of_rest(type));
        return {reinterpret_cast<btf_member const*>(rest.data()), BTF_INFO_VLEN(type.info)};
    }
    [[nodiscard]] btf_array const& array(btf_type const& type) const {
        return at<btf_array>(types_, offset_of(type) + sizeof type);
    }
    /// The names of all structs that have one.
    [[nodiscard]] std::vector<std::string_view> structs() const {
        std::vector<std::string_view> names;
        for (std::uint32_t id = 1; id < places_.size(); ++id) {
            auto const& type = (*this)[id];
            if (BTF_INFO_KIND(type.info) == BTF_KIND_STRUCT && type.name_off != 0)
                names.push_back(text(type.name_off));
        }
        return names;
    }
    /// Without names for it and qualifiers.
    [[nodiscard]] std::uint32_t bare(std::uint32_t id) const {
        for (unsigned steps = 0;; id = (*this)[id].type) {
            need(++steps != most_steps);
            switch (BTF_INFO_KIND((*this)[id].info)) {
            case BTF_KIND_TYPEDEF:
            case BTF_KIND_VOLATILE:
            case BTF_KIND_CONST:
            case BTF_KIND_RESTRICT:
            case BTF_KIND_TYPE_TAG: break;
            default: return id;
            }
        }
    }

private:
    void note(btf_type const& type, name_set& wanted) const {
        auto const kind = BTF_INFO_KIND(type.info);
        if (kind != BTF_KIND_STRUCT && kind != BTF_KIND_FUNC) return;
        need(type.name_off < texts_.size());
        auto* const ids = wanted.of(reinterpret_cast<char const*>(texts_.data()) + type.name_off);
        if (ids) ids->push_back(static_cast<std::uint32_t>(places_.size()));
    }
    [[nodiscard]] std::size_t offset_of(btf_type const& type) const {
        return static_cast<std::size_t>(reinterpret_cast<std::byte const*>(&type) - types_.data());
    }
    static std::size_t size_of_rest(btf_type const& type) {
        std::size_t const count = BTF_INFO_VLEN(type.info);
        switch (BTF_INFO_KIND(type.info)) {
        case BTF_KIND_PTR:
        case BTF_KIND_FWD:
        case BTF_KIND_TYPEDEF:
        case BTF_KIND_VOLATILE:
        case BTF_KIND_CONST:
        case BTF_KIND_RESTRICT:
        case BTF_KIND_FUNC:
        case BTF_KIND_FLOAT:
        case BTF_KIND_TYPE_TAG: return 0;
        case BTF_KIND_INT: return sizeof(std::uint32_t);
        case BTF_KIND_VAR: return sizeof(btf_var);
        case BTF_KIND_DECL_TAG: return sizeof(btf_decl_tag);
        case BTF_KIND_ARRAY: return sizeof(btf_array);
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION: return count * sizeof(btf_member);
        case BTF_KIND_ENUM: return count * sizeof(btf_enum);
        case BTF_KIND_ENUM64: return count * sizeof(btf_enum64);
        case BTF_KIND_FUNC_PROTO: return count * sizeof(btf_param);
        case BTF_KIND_DATASEC: return count * sizeof(btf_var_secinfo);
        default: throw not_plain{};
        }
    }

    std::span<std::byte const> types_;
    std::span<std::byte const> texts_;
    std::vector<std::uint32_t> places_;
};

/// The sections of an object file.
class sections {
public:
    explicit sections(std::span<std::byte const> file) : file_{file} {
        auto const& header = at<Elf64_Ehdr>(file, 0);
        need(std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0);
        auto const table = part(file, header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr));
        all_ = {reinterpret_cast<Elf64_Shdr const*>(table.data()), header.e_shnum};
        need(header.e_shstrndx < all_.size());
        names_ = bytes(all_[header.e_shstrndx]);
    }
    [[nodiscard]] std::string_view name(Elf64_Shdr const& section) const {
        return text_at(names_, section.sh_name);
    }
    [[nodiscard]] std::span<std::byte const> bytes(Elf64_Shdr const& section) const {
        return part(file_, section.sh_offset, section.sh_size);
    }
    [[nodiscard]] std::span<std::byte const> named(std::string_view wanted) const {
        for (auto const& each : all_)
            if (name(each) == wanted) return bytes(each);
        return {};
    }
    /// The only one with code.
    [[nodiscard]] Elf64_Shdr const& code() const {
        Elf64_Shdr const* found = nullptr;
        for (auto const& each : all_)
            if ((each.sh_flags & SHF_EXECINSTR) != 0 && each.sh_size != 0) {
                need(!found);
                found = &each;
            }
        need(found != nullptr);
        return *found;
    }
    [[nodiscard]] Elf64_Shdr const& of_type(std::uint32_t type) const {
        auto const found = std::ranges::find(all_, type, &Elf64_Shdr::sh_type);
        need(found != all_.end());
        return *found;
    }
    [[nodiscard]] Elf64_Shdr const& operator[](std::size_t number) const {
        need(number < all_.size());
        return all_[number];
    }

private:
    std::span<std::byte const> file_;
    std::span<Elf64_Shdr const> all_;
    std::span<std::byte const> names_;
};

// Of .BTF.ext: no header of the system's has them.
struct btf_ext_header {
    std::uint16_t magic;
    std::uint8_t version;
    std::uint8_t flags;
    std::uint32_t hdr_len;
    std::uint32_t func_info_off;
    std::uint32_t func_info_len;
    std::uint32_t line_info_off;
    std::uint32_t line_info_len;
    std::uint32_t core_relo_off;
    std::uint32_t core_relo_len;
};
struct btf_ext_info_sec {
    std::uint32_t sec_name_off;
    std::uint32_t num_info;
};

/// How libbpf has an instruction that must not be reached.
constexpr std::int32_t unreachable = 195'896'080;

class relocator {
public:
    relocator(std::span<std::byte const> object, kernel_types_reader const& kernel)
        : file_{object}, own_{file_.named(".BTF")}, section_{file_.code()} {
        auto const code = file_.bytes(section_);
        need(code.size() % sizeof(bpf_insn) == 0);
        code_.resize(code.size() / sizeof(bpf_insn));
        std::memcpy(code_.data(), code.data(), code.size());
        for (auto const& each : own_.structs())
            wanted_.add(each);
        for_each_symbol([&](Elf64_Rel const&, std::string_view name) { wanted_.add(name); });
        constexpr std::string_view iterator{"iter/"};
        auto const section = file_.name(section_);
        need(section == "raw_tp" || section.starts_with(iterator));
        if (section != "raw_tp") {
            walks_ = "bpf_iter_" + std::string{section.substr(iterator.size())};
            wanted_.add(walks_);
        }
        auto const license = file_.named("license");
        made_.license = text_at(license, 0);
        made_.name = main_function();
        kernel_.emplace(kernel(), &wanted_);
    }

    relocated_program run() && {
        for_each_symbol([&](Elf64_Rel const& where, std::string_view name) {
            put_function(where, found(name));
        });
        put_offsets();
        if (!walks_.empty()) {
            made_.walked = found(walks_);
            need(made_.walked != 0);
        }
        made_.code.resize(code_.size());
        std::memcpy(made_.code.data(), code_.data(), code_.size() * sizeof(bpf_insn));
        return std::move(made_);
    }

private:
    struct place {
        std::uint32_t type = 0; ///< 0: the kernel has no such thing
        std::uint32_t offset = 0;
    };

    /// The id of the kernel's only type of the name; 0 without one.
    std::uint32_t found(std::string_view name) {
        auto const* const ids = wanted_.of(std::string{name}.c_str());
        need(ids && ids->size() < 2);
        return ids->empty() ? 0 : ids->front();
    }

    /// The functions of the kernel that the code names.
    template <class Use>
    void for_each_symbol(Use use) {
        auto const relocations = file_.named(".rel" + std::string{file_.name(section_)});
        auto const& symbols = file_.of_type(SHT_SYMTAB);
        auto const table = file_.bytes(symbols);
        auto const names = file_.bytes(file_[symbols.sh_link]);
        for (std::size_t i = 0; i != relocations.size() / sizeof(Elf64_Rel); ++i) {
            auto const& each = at<Elf64_Rel>(relocations, i * sizeof(Elf64_Rel));
            auto const& symbol = at<Elf64_Sym>(table, ELF64_R_SYM(each.r_info) * sizeof(Elf64_Sym));
            need(symbol.st_shndx == SHN_UNDEF); // no map, no other function
            use(each, text_at(names, symbol.st_name));
        }
    }

    [[nodiscard]] std::string_view main_function() const {
        auto const& symbols = file_.of_type(SHT_SYMTAB);
        auto const table = file_.bytes(symbols);
        for (std::size_t i = 0; i != table.size() / sizeof(Elf64_Sym); ++i) {
            auto const& each = at<Elf64_Sym>(table, i * sizeof(Elf64_Sym));
            if (ELF64_ST_TYPE(each.st_info) == STT_FUNC)
                return text_at(file_.bytes(file_[symbols.sh_link]), each.st_name);
        }
        throw not_plain{};
    }

    bpf_insn& instruction(std::size_t offset) {
        need(offset % sizeof(bpf_insn) == 0 && offset / sizeof(bpf_insn) < code_.size());
        return code_[offset / sizeof(bpf_insn)];
    }

    void put_function(Elf64_Rel const& where, std::uint32_t id) {
        auto& at = instruction(where.r_offset);
        if (at.code == (BPF_JMP | BPF_CALL)) {
            if (id == 0) return make_unreachable(at);
            at.src_reg = BPF_PSEUDO_KFUNC_CALL;
            at.off = 0;
        } else {
            need(at.code == (BPF_LD | BPF_IMM | BPF_DW));
            at.src_reg = id == 0 ? 0 : BPF_PSEUDO_BTF_ID;
            instruction(where.r_offset + sizeof at).imm = 0;
        }
        at.imm = static_cast<std::int32_t>(id);
    }

    static void make_unreachable(bpf_insn& at) { at = {BPF_JMP | BPF_CALL, 0, 0, 0, unreachable}; }

    void put_offsets() {
        auto const raw = file_.named(".BTF.ext");
        auto const& header = at<btf_ext_header>(raw, 0);
        if (header.core_relo_len == 0) return;
        auto const all = part(raw, header.hdr_len + header.core_relo_off, header.core_relo_len);
        need(at<std::uint32_t>(all, 0) == sizeof(bpf_core_relo));
        auto const& of_section = at<btf_ext_info_sec>(all, sizeof(std::uint32_t));
        need(own_.text(of_section.sec_name_off) == file_.name(section_));
        auto const begin = sizeof(std::uint32_t) + sizeof of_section;
        need(all.size() == begin + of_section.num_info * sizeof(bpf_core_relo));
        for (std::size_t i = 0; i != of_section.num_info; ++i)
            put(at<bpf_core_relo>(all, begin + i * sizeof(bpf_core_relo)));
    }

    void put(bpf_core_relo const& what) {
        auto const where = follow(what);
        std::uint32_t value = 0;
        switch (what.kind) {
        case BPF_CORE_FIELD_EXISTS: value = where.type != 0; break;
        case BPF_CORE_FIELD_BYTE_OFFSET: value = where.offset; break;
        case BPF_CORE_TYPE_ID_TARGET: value = where.type; break;
        case BPF_CORE_TYPE_SIZE: value = where.type == 0 ? 0 : (*kernel_)[where.type].size; break;
        default: throw not_plain{};
        }
        auto& at = instruction(what.insn_off);
        bool const is_wide = at.code == (BPF_LD | BPF_IMM | BPF_DW);
        if (where.type == 0 && what.kind == BPF_CORE_FIELD_BYTE_OFFSET) {
            if (is_wide) make_unreachable(instruction(what.insn_off + sizeof at));
            return make_unreachable(at);
        }
        switch (BPF_CLASS(at.code)) {
        case BPF_ALU:
        case BPF_ALU64:
            need(BPF_SRC(at.code) == BPF_K);
            at.imm = static_cast<std::int32_t>(value);
            break;
        case BPF_LDX:
            need(value <= INT16_MAX && size_of(where.type) == size_of_access(at.code));
            at.off = static_cast<std::int16_t>(value);
            break;
        default:
            need(is_wide);
            at.imm = static_cast<std::int32_t>(value);
            instruction(what.insn_off + sizeof at).imm = 0;
        }
    }

    static std::uint32_t size_of_access(std::uint8_t code) {
        switch (BPF_SIZE(code)) {
        case BPF_DW: return 8;
        case BPF_W: return 4;
        case BPF_H: return 2;
        default: return 1;
        }
    }

    /// The size of a field that one instruction loads.
    [[nodiscard]] std::uint32_t size_of(std::uint32_t id) const {
        auto const& type = (*kernel_)[kernel_->bare(id)];
        switch (BTF_INFO_KIND(type.info)) {
        case BTF_KIND_PTR: return 8;
        case BTF_KIND_INT:
        case BTF_KIND_ENUM: return type.size;
        default: throw not_plain{};
        }
    }

    /// Where the kernel has what an object's own type has at "0:1:2".
    place follow(bpf_core_relo const& what) {
        auto own = own_.bare(what.type_id);
        auto const name = own_.text(own_[own].name_off);
        need(BTF_INFO_KIND(own_[own].info) == BTF_KIND_STRUCT && name.find("___") == name.npos);
        place there{found(name)};
        auto steps = own_.text(what.access_str_off);
        need(next(steps) == 0); // no element of an array of them
        while (!steps.empty() && there.type != 0) {
            auto const step = next(steps);
            own = own_.bare(own);
            need(is_composite(BTF_INFO_KIND(own_[own].info)));
            auto const members = own_.members(own_[own]);
            need(step < members.size());
            own = members[step].type;
            auto const field = own_.text(members[step].name_off);
            if (!field.empty()) there = member(there, field); // else it is that one's
            if (there.type != 0) need(kind_of(own_, own) == kind_of(*kernel_, there.type));
        }
        return there;
    }

    static unsigned kind_of(types const& all, std::uint32_t id) {
        return BTF_INFO_KIND(all[all.bare(id)].info);
    }

    static std::uint32_t next(std::string_view& steps) {
        std::uint32_t number = 0;
        auto const* const end = steps.data() + steps.size();
        auto const read = std::from_chars(steps.data(), end, number);
        need(read.ec == std::errc{} && (read.ptr == end || *read.ptr == ':'));
        steps = read.ptr == end ? std::string_view{} : std::string_view{read.ptr + 1, end};
        return number;
    }

    /// A member by its name, of the kernel's struct or of one without a name in it.
    [[nodiscard]] place member(place in, std::string_view name, unsigned depth = 0) const {
        need(depth != most_steps);
        auto const& type = (*kernel_)[kernel_->bare(in.type)];
        if (!is_composite(BTF_INFO_KIND(type.info))) return {};
        bool const has_bits = BTF_INFO_KFLAG(type.info);
        for (auto const& each : kernel_->members(type)) {
            auto const text = kernel_->text(each.name_off);
            if (!text.empty() && text != name) continue;
            auto const bits = has_bits ? BTF_MEMBER_BIT_OFFSET(each.offset) : each.offset;
            place const there{each.type, in.offset + bits / 8};
            if (text.empty()) {
                if (auto const inner = member(there, name, depth + 1); inner.type != 0)
                    return inner;
                continue;
            }
            need(!has_bits || BTF_MEMBER_BITFIELD_SIZE(each.offset) == 0);
            return there;
        }
        return {};
    }

    sections file_;
    types own_;
    Elf64_Shdr const& section_;
    std::string walks_;
    name_set wanted_;
    std::optional<types> kernel_;
    std::vector<bpf_insn> code_;
    relocated_program made_;
};

} // namespace

std::optional<relocated_program> relocate(std::span<std::byte const> object,
                                          kernel_types_reader const& kernel) {
    try {
        return relocator{object, kernel}.run();
    } catch (not_plain const&) {
        return std::nullopt;
    }
}

} // namespace bpflink
