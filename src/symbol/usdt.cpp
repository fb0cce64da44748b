// SPDX-License-Identifier: Apache-2.0
#include "symbol/usdt.hpp"

#include "error/fail.hpp"
#include "symbol/names.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <elf.h>
#include <optional>
#include <set>
#include <utility>

namespace bpflink {
namespace {

using namespace std::literals;

constexpr std::uint64_t most_bytes = 1U << 26; // of one section
constexpr std::size_t most_told = 20;          // probes, in a message

/// Reads a number of fixed size off the beginning of some bytes.
template <class Number>
std::optional<Number> take(std::string_view& from) {
    Number number;
    if (from.size() < sizeof number) return std::nullopt;
    from.copy(reinterpret_cast<char*>(&number), sizeof number);
    from.remove_prefix(sizeof number);
    return number;
}

/// The same of a text that ends by a zero byte.
std::optional<std::string_view> take_text(std::string_view& from) {
    auto const end = from.find('\0');
    if (end == from.npos) return std::nullopt;
    auto const text = from.substr(0, end);
    from.remove_prefix(end + 1);
    return text;
}

/// The same of bytes that are filled up to a multiple of 4, but for the last ones.
std::optional<std::string_view> take_part(std::string_view& from, std::uint32_t size) {
    if (from.size() < size) return std::nullopt;
    auto const part = from.substr(0, size);
    auto const filled = (std::uint64_t{size} + 3) / 4 * 4;
    from.remove_prefix(static_cast<std::size_t>(std::min<std::uint64_t>(filled, from.size())));
    return part;
}

/// The notes of one file.
/// @tparam Address  as wide as the file's
template <class Address>
class reader {
public:
    explicit reader(elf_file const& elf) : elf_{elf} {}

    result<void> read(std::function<void(usdt_note const&)> const& look) {
        auto found = elf_.for_each_section([&](elf_section const& one) {
            if (one.type == SHT_NOTE && one.name == ".note.stapsdt") notes_.push_back(one);
            if (one.name == ".stapsdt.base") base_ = one.address;
            return true;
        });
        if (!found) return found;
        for (auto const& each : notes_) {
            auto const bytes = elf_.bytes_of(each, most_bytes);
            if (!bytes) return tl::unexpected{bytes.error()};
            for (std::string_view left = *bytes; !left.empty();)
                if (!read_note(left, look)) return damaged();
        }
        return {};
    }

private:
    [[nodiscard]] tl::unexpected<error> damaged() const {
        return fail(-ENOEXEC, operation::resolve_symbol, errc::invalid_argument, elf_.path(),
                    "the notes of its USDT probes are damaged, or cut short");
    }

    bool read_note(std::string_view& left, std::function<void(usdt_note const&)> const& look) {
        auto const name_size = take<std::uint32_t>(left);
        auto const size = take<std::uint32_t>(left);
        auto const type = take<std::uint32_t>(left);
        if (!name_size || !size || !type) return false;
        auto const owner = take_part(left, *name_size);
        auto description = owner ? take_part(left, *size) : std::nullopt;
        if (!description) return false;
        constexpr std::uint32_t type_of_probes = 3;
        if (*owner != "stapsdt\0"sv || *type != type_of_probes) return true;
        auto const place = take<Address>(*description);
        auto const base = take<Address>(*description);
        auto const semaphore = take<Address>(*description);
        if (!place || !base || !semaphore) return false;
        auto const provider = take_text(*description);
        auto const name = provider ? take_text(*description) : std::nullopt;
        auto const arguments = name ? take_text(*description) : std::nullopt;
        if (!arguments) return false;
        if (*place == 0) return true; // of code that the linker dropped (--gc-sections)
        // Where that section is elsewhere than when the note was written, all else is, too.
        auto const moved = base_ == 0 ? Address{0} : static_cast<Address>(base_ - *base);
        look({.address = static_cast<Address>(*place + moved),
              .semaphore = *semaphore == 0 ? Address{0} : static_cast<Address>(*semaphore + moved),
              .provider = *provider,
              .name = *name,
              .arguments = *arguments});
        return true;
    }

    elf_file const& elf_;
    std::vector<elf_section> notes_;
    std::uint64_t base_ = 0; // the address of .stapsdt.base; 0: there is none
};

std::string joined_name(std::string_view provider, std::string_view name) {
    return std::string{provider}.append(":").append(name);
}

/// Where the file has what a note tells of.
std::optional<usdt_place> place_of(usdt_note const& note, elf_file const& elf) {
    usdt_place place{.arguments = std::string{note.arguments}};
    auto const code = elf.offset_of(note.address);
    auto const* const segment = code ? elf.segment_at(*code) : nullptr;
    if (!segment || !segment->is_executable) return std::nullopt;
    place.offset = *code;
    if (note.semaphore == 0) return place;
    auto const counter = elf.offset_of(note.semaphore);
    if (!counter || *counter == 0) return std::nullopt;
    place.semaphore = *counter;
    return place;
}

/// The answer of `look` about a file that is opened here.
template <class Look>
auto with_elf_file(std::variant<std::string_view, fd_view> const& binary, Look look) {
    auto const* const path = std::get_if<std::string_view>(&binary);
    auto const good = path ? check_name(*path, "the binary's name") : result<void>{};
    return good
        .and_then([&] {
            return path ? find_binary(*path) : binary_file::open(std::get<fd_view>(binary));
        })
        .and_then([&](binary_file const& file) {
            return elf_file::open(file).and_then([&](elf_file const& elf) { return look(elf); });
        });
}

} // namespace

result<void> for_each_usdt(elf_file const& elf, std::function<void(usdt_note const&)> const& look) {
    return elf.is_64_bit() ? reader<Elf64_Addr>{elf}.read(look)
                           : reader<Elf32_Addr>{elf}.read(look);
}

result<std::vector<usdt_place>> usdt_in(elf_file const& elf, std::string_view provider,
                                        std::string_view name) {
    std::vector<usdt_place> places;
    bool are_all_loaded = true;
    std::set<std::string> others, all; // names of the provider's, of the file's
    auto const read = for_each_usdt(elf, [&](usdt_note const& note) {
        all.insert(joined_name(note.provider, note.name));
        if (note.provider != provider) return;
        others.insert(joined_name(note.provider, note.name));
        if (note.name != name) return;
        if (auto found = place_of(note, elf))
            places.push_back(*std::move(found));
        else
            are_all_loaded = false;
    });
    if (!read) return tl::unexpected{read.error()};
    auto subject = joined_name(provider, name).append(" in ").append(elf.path());
    if (!are_all_loaded)
        return fail(-EINVAL, operation::resolve_symbol, errc::invalid_argument, std::move(subject),
                    "its note tells a place, or a semaphore, that is not loaded from the file");
    if (!places.empty()) return places;
    auto const& told = others.empty() ? all : others;
    std::vector<std::string> const names{told.begin(), told.end()};
    return fail(-ENOENT, operation::resolve_symbol, errc::not_found, std::move(subject),
                names.empty() ? "the file has no USDT probes"
                              : "the file has " + enumerated(names, most_told));
}

result<std::vector<usdt_place>> resolve_usdt(std::variant<std::string_view, fd_view> const& binary,
                                             std::string_view provider, std::string_view name) {
    return check_name(provider, "the provider's name")
        .and_then([&] { return check_name(name, "the probe's name"); })
        .and_then([&] {
            return with_elf_file(binary,
                                 [&](elf_file const& elf) { return usdt_in(elf, provider, name); });
        });
}

result<std::vector<usdt_probe>> matching_usdt(std::variant<std::string_view, fd_view> const& binary,
                                              std::string_view pattern) {
    return check_name(pattern, "the pattern").and_then([&] {
        return with_elf_file(binary, [&](elf_file const& elf) -> result<std::vector<usdt_probe>> {
            std::set<usdt_probe> probes;
            auto const read = for_each_usdt(elf, [&](usdt_note const& note) {
                if (matches_pattern(joined_name(note.provider, note.name), pattern))
                    probes.insert({std::string{note.provider}, std::string{note.name}});
            });
            if (!read) return tl::unexpected{read.error()};
            return std::vector<usdt_probe>{probes.begin(), probes.end()};
        });
    });
}

} // namespace bpflink
