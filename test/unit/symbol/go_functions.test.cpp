// SPDX-License-Identifier: Apache-2.0
// The table of a Go program, made by hand: border/symbols/go.test.cpp has real ones.
#include "machine.hpp"
#include "sectioned_elf.hpp"

#include <bpflink/symbol_at.hpp>
#include <bpflink/symbols.hpp>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace {

/// A function of a table: where it begins behind the code's begin.
struct go_function {
    std::string name;
    std::uint32_t begin;
};

struct go_table {
    std::uint32_t magic = 0xffff'fff1;
    std::uint8_t word = 8;
    std::uint64_t text = 0x400000;
    std::vector<go_function> functions{
        {"_rt0_amd64_linux", 0x10}, {"main.main", 0x20}, {"main.(*counter).Add", 0x40}};
    std::uint32_t end = 0x60;
    std::optional<std::uint64_t> count{}; // another one than there are

    [[nodiscard]] std::string bytes() const {
        std::string names, entries, more;
        auto const about_at = static_cast<std::uint32_t>(functions.size() * 8 + 4);
        for (auto const& each : functions) {
            append_bytes(entries, each.begin);
            append_bytes(entries, static_cast<std::uint32_t>(about_at + more.size()));
            append_bytes(more, each.begin);
            append_bytes(more, static_cast<std::uint32_t>(names.size()));
            names += each.name + '\0';
        }
        append_bytes(entries, end);
        std::string all;
        append_bytes(all, magic);
        all += {'\0', '\0', '\1', static_cast<char>(word)};
        constexpr std::uint64_t header_bytes = 8 + 8 * 8;
        for (std::uint64_t const number :
             {count.value_or(functions.size()), std::uint64_t{1}, text, header_bytes, header_bytes,
              header_bytes, header_bytes, header_bytes + names.size()})
            append_bytes(all, number);
        return all + names + entries + more;
    }
};

struct gopher : machine {
    void put(go_table const& table, std::vector<built_section> sections = {}) {
        sections.push_back({".gopclntab", table.bytes(), 0x402000});
        files["/x"] = sectioned_elf(std::move(sections));
    }
    void is_missing(std::initializer_list<std::string_view> texts) {
        auto const offset = bl::resolve_symbol("/x", "main.main");
        REQUIRE_FALSE(offset);
        check_error(offset.error(), ENOENT, bl::operation::resolve_symbol, bl::errc::not_found,
                    texts);
    }
    void is_damaged() {
        auto const offset = bl::resolve_symbol("/x", "main.main");
        REQUIRE_FALSE(offset);
        check_error(offset.error(), ENOEXEC, bl::operation::resolve_symbol,
                    bl::errc::invalid_argument, {"damaged"});
    }
    void is_found() {
        CHECK(bl::resolve_symbol("/x", "main.main") == 0x20U);
        CHECK(bl::resolve_symbol("/x", "main.(*counter).Add", {.unique = true}) == 0x40U);
        CHECK(bl::symbol_at("/x", 0x5f) == bl::symbol_at_place{"main.(*counter).Add", 0x1f});
        CHECK(bl::matching_symbols("/x", "main.*") ==
              std::vector<std::string>{"main.(*counter).Add", "main.main"});
    }
};

built_section relocation(std::uint64_t at, std::int64_t to, std::uint32_t symbol = 0) {
    std::string bytes;
    append_bytes(bytes, Elf64_Rela{at, ELF64_R_INFO(symbol, R_X86_64_RELATIVE), to});
    return {.name = ".rela", .bytes = bytes, .type = SHT_RELA, .link = 0};
}

} // namespace

TEST_CASE_FIXTURE(gopher, "functions of Go 1.18 and 1.20 are found, and told by their places") {
    for (std::uint32_t const magic : {0xffff'fff0, 0xffff'fff1}) {
        put({.magic = magic});
        is_found();
        auto const behind = bl::symbol_at("/x", 0x60);
        REQUIRE_FALSE(behind);
        CHECK(behind.error().message().find("no function covers it") != std::string::npos);
        auto const absent = bl::resolve_symbol("/x", "main.mian");
        REQUIRE_FALSE(absent);
        check_error(absent.error(), ENOENT, bl::operation::resolve_symbol, bl::errc::not_found,
                    {"near it: main.main"});
        CHECK(absent.error().message().find("stripped") == std::string::npos);
    }
}

TEST_CASE_FIXTURE(gopher, "tables of versions that are not known are not guessed at") {
    for (std::uint32_t const magic : {0xffff'fffb, 0xffff'fffa, 0xffff'fff2}) {
        put({.magic = magic});
        is_missing({"stripped", "its .gopclntab", "a version of Go that this library does not"});
    }
}

TEST_CASE_FIXTURE(gopher, "the code's begin is the linker's word, the loader's, or that of .text") {
    built_section const text{".text", "", 0x400000};
    put({.text = 0}, {relocation(0x402000 + 8 + 16, 0x400000)});
    is_found();
    put({.text = 0}, {relocation(0x402000 + 8 + 16, 0x400000, 1), relocation(0x402000, 0x400000)});
    is_missing({"does not say where the code begins"});
    put({.text = 0}, {text});
    is_found();
    put({.text = 0}, {{".text", "", 0x400008}}); // code of C is before it
    is_missing({"does not say where the code begins"});
    put({.text = 0});
    is_missing({"does not say where the code begins"});
}

TEST_CASE_FIXTURE(gopher, "a table that a linker of C merged with others is found by its header") {
    std::string const other(48, '\1');
    for (bool const is_of_go : {true, false}) {
        files["/x"] = sectioned_elf(
            {{".data.rel.ro", other + go_table{.text = 0}.bytes(), 0x402000 - other.size()},
             {is_of_go ? ".go.buildinfo" : ".data", "x"},
             relocation(0x402000 + 8 + 16, 0x400000)});
        if (is_of_go)
            is_found();
        else
            is_missing({"no debug file of it was found"});
    }
    files["/x"] = sectioned_elf({{".data.rel.ro", other}, {".go.buildinfo", "x"}});
    is_missing({"no debug file of it was found"});
}

TEST_CASE_FIXTURE(gopher, "a damaged table is an error") {
    put({.word = 4});
    is_damaged();
    for (std::uint64_t const count :
         {std::uint64_t{1} << 32, ~std::uint64_t{0}, std::uint64_t{9}}) {
        put({.count = count});
        is_damaged();
    }
    put({.end = 0x30}); // a function that ends before it begins
    is_damaged();
    auto const whole = go_table{}.bytes();
    for (std::size_t size = 4; size != whole.size(); ++size) {
        files["/x"] = sectioned_elf({{".gopclntab", whole.substr(0, size), 0x402000}});
        is_damaged();
    }
    for (std::size_t at = 8; at != whole.size(); ++at) {
        auto damaged = whole;
        damaged[at] = static_cast<char>(~damaged[at]);
        files["/x"] = sectioned_elf({{".gopclntab", damaged, 0x402000}});
        auto const offset = bl::resolve_symbol("/x", "main.main");
        if (!offset) CHECK_FALSE(offset.error().message().empty());
    }
}

TEST_CASE_FIXTURE(gopher, "names that lie within each other do not make it read for ever") {
    go_table table;
    table.functions.clear();
    table.functions.push_back({std::string(1 << 22, 'x'), 0x10});
    auto bytes = table.bytes();
    // The same name 2^20 times, of 4 TiB in all.
    constexpr std::uint64_t many = 1U << 20;
    auto const functions_at = bytes.size() - 20;
    std::string entries;
    for (std::uint64_t i = 0; i != many; ++i) {
        append_bytes(entries, std::uint32_t{0x10});
        append_bytes(entries, static_cast<std::uint32_t>(many * 8 + 4));
    }
    append_bytes(entries, std::uint32_t{0x10});
    bytes = bytes.substr(0, functions_at) + entries + std::string(8, '\0');
    std::memcpy(bytes.data() + 8, &many, sizeof many);
    files["/x"] = sectioned_elf({{".gopclntab", bytes, 0x402000}});
    is_damaged();
}
