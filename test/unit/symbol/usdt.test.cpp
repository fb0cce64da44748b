// SPDX-License-Identifier: Apache-2.0
#include "../../support/own_probe.hpp"
#include "machine.hpp"
#include "noted_elf.hpp"

#include <bpflink/usdt.hpp>

#include <array>
#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using places = std::vector<bl::usdt_place>;

struct noted : machine {
    void refused(bl::result<places> const& found, int number, bl::errc condition,
                 std::initializer_list<std::string_view> texts) {
        REQUIRE_FALSE(found);
        check_error(found.error(), number, bl::operation::resolve_symbol, condition, texts);
    }
    bl::result<places> resolve(std::string const& elf, std::string_view name = "start") {
        files["/lib"] = elf;
        return bl::resolve_usdt("/lib", "app", name);
    }
    void is_damaged(std::string const& elf) {
        files["/lib"] = elf;
        refused(bl::resolve_usdt("/lib", "app", "start"), ENOEXEC, bl::errc::invalid_argument,
                {"/lib", "damaged, or cut short"});
        auto const matching = bl::matching_usdt("/lib", "*");
        REQUIRE_FALSE(matching);
        CHECK(matching.error() == bl::errc::invalid_argument);
    }
};

[[gnu::section(".probes"),
  gnu::used]] unsigned short volatile bpflink_own_semaphore __asm__("bpflink_own_semaphore") = 0;

[[gnu::noinline]] void with_own_probe() {
    OWN_PROBE("bpflink", "own", "bpflink_own_semaphore", "-8@%%rdi 4@$7");
}

/// The offset in this program's file of what is at an address.
std::uint64_t mapped_offset(std::uint64_t address) {
    std::ifstream maps{"/proc/self/maps"};
    for (std::string line; std::getline(maps, line);) {
        unsigned long begin = 0, end = 0, offset = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx %*s %lx", &begin, &end, &offset) == 3 &&
            address >= begin && address < end)
            return address - begin + offset;
    }
    return 0;
}

} // namespace

TEST_CASE_FIXTURE(noted, "a probe of this very program is where it is mapped") {
    with_own_probe();
    std::ostringstream bytes;
    bytes << std::ifstream{"/proc/self/exe", std::ios::binary}.rdbuf();
    files["/self"] = bytes.str();
    auto const found = bl::resolve_usdt("/self", "bpflink", "own");
    REQUIRE(succeeded(found));
    REQUIRE(found->size() == 1);
    auto const begin = mapped_offset(reinterpret_cast<std::uintptr_t>(&with_own_probe));
    CHECK(found->front().offset >= begin);
    CHECK(found->front().offset < begin + 64);
    CHECK(found->front().semaphore == mapped_offset(reinterpret_cast<std::uintptr_t>(
                                          const_cast<unsigned short*>(&bpflink_own_semaphore))));
    CHECK(found->front().arguments == "-8@%rdi 4@$7");
}
TEST_CASE_FIXTURE(noted, "all places of a probe are told in the order of the notes") {
    auto const found = resolve(noted_elf(
        note_of({.address = 0x401020, .arguments = "8@%rax"}) + note_of({.name = "other"}) +
        note_of({.address = 0x401010, .semaphore = 0x502004, .arguments = "-4@$1 1@8(%rsp)"}) +
        note_of({.provider = "ap"})));
    REQUIRE(succeeded(found));
    CHECK(*found == places{{0x1020, 0, "8@%rax"}, {0x1010, 0x2004, "-4@$1 1@8(%rsp)"}});
}

TEST_CASE_FIXTURE(noted, "files of 32 bits have probes, too") {
    auto const found = resolve(
        noted_elf<elf32>(note_of<std::uint32_t>({.semaphore = 0x502004, .arguments = "4@%eax"})));
    REQUIRE(succeeded(found));
    CHECK(*found == places{{0x1010, 0x2004, "4@%eax"}});
}

TEST_CASE_FIXTURE(noted, "what prelink has moved is found where it is now") {
    built_note const written{.address = 0x1010, .semaphore = 0x102004, .base = 0x2000};
    auto const found = resolve(noted_elf(note_of(written), 0x402000));
    REQUIRE(succeeded(found));
    CHECK(*found == places{{0x1010, 0x2004, ""}});
    built_note const downwards{.address = 0x901010, .base = 0x902000};
    CHECK(resolve(noted_elf(note_of(downwards), 0x402000)));
    // Without the section nothing tells, and the addresses are what they are.
    CHECK(resolve(noted_elf(note_of({.base = 0x2000}), 0)));
}

TEST_CASE_FIXTURE(noted, "a probe that is not there: those that are there are told") {
    auto const some = noted_elf(note_of({}) + note_of({.name = "stop"}) + note_of({}) +
                                note_of({.provider = "lib", .name = "load"}));
    refused(resolve(some, "pause"), ENOENT, bl::errc::not_found,
            {"app:pause in /lib", "the file has app:start, app:stop"});
    auto const elsewhere = bl::resolve_usdt("/lib", "none", "pause");
    refused(elsewhere, ENOENT, bl::errc::not_found, {"app:start, app:stop, lib:load"});
    CHECK(resolve(some, "pause").error().message().find("lib:load") == std::string::npos);
    refused(resolve(noted_elf("")), ENOENT, bl::errc::not_found, {"the file has no USDT probes"});
    std::string many;
    for (int i = 0; i != 30; ++i)
        many += note_of({.name = "p" + std::to_string(i)});
    refused(resolve(noted_elf(many), "q"), ENOENT, bl::errc::not_found, {"and 10 more"});
    // Neither has sections with names.
    auto bytes = noted_elf(note_of({}));
    for (auto const field : {offsetof(Elf64_Ehdr, e_shoff), offsetof(Elf64_Ehdr, e_shstrndx)}) {
        auto without = bytes;
        without.replace(field, 2, 2, '\0');
        refused(resolve(without), ENOENT, bl::errc::not_found, {"no USDT probes"});
    }
}

TEST_CASE_FIXTURE(noted, "probes are listed by a pattern, each once") {
    files["/lib"] = noted_elf(note_of({.name = "stop"}) + note_of({}) + note_of({}) +
                              note_of({.provider = "lib", .name = "load"}));
    using probes = std::vector<bl::usdt_probe>;
    CHECK(*bl::matching_usdt("/lib", "*") ==
          probes{{"app", "start"}, {"app", "stop"}, {"lib", "load"}});
    CHECK(*bl::matching_usdt("/lib", "app:st?p") == probes{{"app", "stop"}});
    CHECK(*bl::matching_usdt("/lib", "app") == probes{});
    auto const file = open_file("/lib");
    CHECK(bl::matching_usdt(bl::fd_view{file}, "lib:*")->size() == 1);
    CHECK(bl::resolve_usdt(bl::fd_view{file}, "lib", "load"));
}

TEST_CASE_FIXTURE(noted, "names of probes are not empty, nor broken") {
    files["/lib"] = noted_elf(note_of({}));
    using namespace std::literals;
    refused(bl::resolve_usdt("/lib", "", "start"), EINVAL, bl::errc::invalid_argument,
            {"the provider's name is empty"});
    refused(bl::resolve_usdt("/lib", "app", "sta\0rt"sv), EINVAL, bl::errc::invalid_argument,
            {"the probe's name has a zero byte"});
    refused(bl::resolve_usdt("", "app", "start"), EINVAL, bl::errc::invalid_argument,
            {"the binary's name is empty"});
    CHECK(bl::matching_usdt("/lib", "").error() == bl::errc::invalid_argument);
    files["/text"] = "no ELF file";
    CHECK(bl::matching_usdt("/text", "*").error() == bl::errc::invalid_argument);
    CHECK(bl::matching_usdt("/nothing", "*").error() == bl::errc::not_found);
}

TEST_CASE_FIXTURE(noted, "a place that is not loaded is refused, and only where it is asked for") {
    for (built_note const& lost : {built_note{.address = 0x402000}, built_note{.address = 0x502000},
                                   built_note{.semaphore = 0x503000}, built_note{.address = 1}}) {
        refused(resolve(noted_elf(note_of({}) + note_of(lost))), EINVAL, bl::errc::invalid_argument,
                {"app:start in /lib", "not loaded from the file"});
        CHECK(resolve(noted_elf(note_of({.name = "whole"}) + note_of(lost)), "whole"));
    }
}

TEST_CASE_FIXTURE(noted, "notes of code that the linker dropped are passed over") {
    auto const found = resolve(noted_elf(note_of({.address = 0}) + note_of({}) +
                                         note_of({.address = 0, .name = "dropped"})));
    REQUIRE(succeeded(found));
    CHECK(*found == places{{0x1010, 0, ""}});
    CHECK(bl::resolve_usdt("/lib", "app", "dropped").error() == bl::errc::not_found);
    CHECK(bl::matching_usdt("/lib", "*")->size() == 1);
}

TEST_CASE_FIXTURE(noted, "whatever bytes are changed, a file is read or refused") {
    auto const whole = noted_elf(note_of({.arguments = "8@%rax"}) + note_of({.name = "stop"}) +
                                 note_of({.semaphore = 0x502004}));
    std::minstd_rand random{1};
    // Where the numbers are: the header, the segments, the sections, the notes.
    std::vector<std::size_t> at;
    for (auto const& [begin, end] :
         {std::pair<std::size_t, std::size_t>{16, 0xb0}, {0x400, 0x500}, {0x3000, whole.size()}})
        for (auto i = begin; i != end; ++i)
            at.push_back(i);
    for (int i = 0; i != 5'000; ++i) {
        auto bytes = whole;
        for (auto changes = 1 + random() % 4; changes != 0; --changes)
            bytes[at[random() % at.size()]] = static_cast<char>(random() % 3 == 0 ? 255 : random());
        auto const found = resolve(bytes);
        bool const is_known = found || found.error() == bl::errc::invalid_argument ||
                              found.error() == bl::errc::not_found;
        CHECK(is_known);
        if (found) CHECK_FALSE(found->empty());
    }
}

TEST_CASE_FIXTURE(noted, "notes of others are passed over") {
    auto const found =
        resolve(noted_elf(wrap_note("anything") + wrap_note({}) + wrap_note("x", {"GNU\0", 4}) +
                          wrap_note("x", {"stapsdt\0", 8}, 4) + note_of({})),
                "start");
    // The first one is the owner's, and not a note of a probe.
    CHECK_FALSE(found);
    CHECK(resolve(noted_elf(wrap_note("x", {"GNU\0", 4}) + wrap_note("", "") +
                            wrap_note("x", {"stapsdt\0", 8}, 4) + note_of({}))));
}

TEST_CASE_FIXTURE(noted, "notes that are cut anywhere are damaged") {
    auto const whole = note_of({.arguments = "8@%rax"});
    for (std::size_t size = 1; size < whole.size(); ++size) {
        auto const rest = whole.size() - size;
        if (rest < 4 && whole.substr(size).find_first_not_of('\0') == std::string::npos)
            continue; // what fills it up may be missing
        CAPTURE(size);
        is_damaged(noted_elf(whole.substr(0, size)));
    }
    auto const elf = noted_elf(whole);
    for (std::size_t cut = 1; cut < whole.size(); cut += 7) { // the section ends behind the file
        CAPTURE(cut);
        is_damaged(elf.substr(0, elf.size() - cut));
    }
}

TEST_CASE_FIXTURE(noted, "sizes that are too large read nothing else") {
    auto const whole = note_of({.arguments = "8@%rax"});
    for (std::uint32_t const size : {1'000U, 0x7fff'ffffU, 0xffff'fffdU, 0xffff'ffffU})
        for (std::size_t const field : {0U, 4U}) {
            auto bytes = whole;
            std::memcpy(bytes.data() + field, &size, sizeof size);
            CAPTURE(size);
            is_damaged(noted_elf(bytes));
        }
    // A description that ends within its numbers, and texts that do not end.
    for (std::uint32_t const size : {0U, 8U, 23U, 24U, 28U, 34U}) {
        auto bytes = whole;
        std::memcpy(bytes.data() + 4, &size, sizeof size);
        is_damaged(noted_elf(bytes));
    }
    auto const elf = noted_elf(whole);
    auto const with = [&](std::size_t at, auto number) {
        auto bytes = elf;
        std::memcpy(bytes.data() + at, &number, sizeof number);
        return bytes;
    };
    constexpr auto header = [](std::size_t section) {
        return 0x400 + section * sizeof(Elf64_Shdr);
    };
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    is_damaged(with(header(1) + offsetof(Elf64_Shdr, sh_size), most));
    is_damaged(with(header(1) + offsetof(Elf64_Shdr, sh_size), std::uint64_t{1} << 25));
    is_damaged(with(header(1) + offsetof(Elf64_Shdr, sh_offset), most - 3));
    is_damaged(with(header(3) + offsetof(Elf64_Shdr, sh_size), most / 2));
    is_damaged(with(offsetof(Elf64_Ehdr, e_shstrndx), std::uint16_t{9}));
    CHECK_FALSE(bl::resolve_usdt("/lib", "app", "start"));
    files["/lib"] = with(header(1) + offsetof(Elf64_Shdr, sh_name), std::uint32_t{0x7fff'ffff});
    refused(bl::resolve_usdt("/lib", "app", "start"), ENOENT, bl::errc::not_found,
            {"no USDT probes"});
}

TEST_CASE_FIXTURE(noted, "notes need not be aligned in the file") {
    auto const elf = noted_elf(std::string(3, 'x') + note_of({.arguments = "8@%rax"}));
    auto moved = elf;
    std::uint64_t offset = 0x3003;
    std::uint64_t size = elf.size() - offset;
    auto const header = 0x400 + sizeof(Elf64_Shdr);
    std::memcpy(moved.data() + header + offsetof(Elf64_Shdr, sh_offset), &offset, sizeof offset);
    std::memcpy(moved.data() + header + offsetof(Elf64_Shdr, sh_size), &size, sizeof size);
    CHECK(resolve(moved));
    is_damaged(elf); // the same with what is before it
}
