// SPDX-License-Identifier: Apache-2.0
#include "symbol/usdt_arguments.hpp"

#include "machine.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <elf.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if defined(__x86_64__)
#include <asm/ptrace.h>
#endif

namespace {

using place = bl::usdt_argument::place;
using arguments = std::vector<bl::usdt_argument>;

bl::result<arguments> read(std::string_view text, std::uint16_t machine = EM_X86_64) {
    return bl::read_arguments(text, machine, "a:b");
}
bl::usdt_argument one(std::string_view text, std::uint16_t machine = EM_X86_64) {
    auto const all = read(text, machine);
    REQUIRE(succeeded(all));
    REQUIRE(all->size() == 1);
    return all->front();
}
void unreadable(std::string_view text, std::uint16_t machine = EM_X86_64) {
    CAPTURE(text);
    auto const all = read(text, machine);
    REQUIRE_FALSE(all);
    check_error(all.error(), EOPNOTSUPP, bl::operation::resolve_symbol, bl::errc::not_supported,
                {"a:b", "argument 1 of '", text});
}

constexpr std::uint16_t rax = 80, rcx = 88, rbp = 32, rsp = 152;
constexpr auto minus(std::uint64_t number) {
    return std::uint64_t{0} - number;
}

} // namespace

TEST_CASE("arguments of x86-64 are constants, registers, memory, and memory by an index") {
    CHECK(one("8@$5") == bl::usdt_argument{.number = 5});
    CHECK(one("-4@$-9") == bl::usdt_argument{.number = minus(9), .size = 4, .is_signed = true});
    CHECK(one("8@$0x1f").number == 31);
    CHECK(one("-8@$-9223372036854775808").number == std::uint64_t{1} << 63);
    CHECK(one("8@$18446744073709551615").number == minus(1));
    CHECK(one("8@%rax") == bl::usdt_argument{.is = place::in_register, .base = rax});
    CHECK(one("8@(%rsp)") == bl::usdt_argument{.is = place::in_memory, .base = rsp});
    CHECK(one("8@-24(%rbp)") ==
          bl::usdt_argument{.is = place::in_memory, .number = minus(24), .base = rbp});
    CHECK(one("8@0x10(%rdi)").number == 16);
    CHECK(one("1@8(%rax,%rcx,4)") ==
          bl::usdt_argument{
              .is = place::indexed, .number = 8, .base = rax, .index = rcx, .shift = 2, .size = 1});
    CHECK(one("2@(%rax,%rcx)") ==
          bl::usdt_argument{.is = place::indexed, .base = rax, .index = rcx, .size = 2});
    for (auto const& [text, shift] :
         {std::pair{"1", 0U}, std::pair{"2", 1U}, std::pair{"4", 2U}, std::pair{"8", 3U}})
        CHECK(one(std::string{"8@(%rax,%rcx,"} + text + ")").shift == shift);
    CHECK(one("8@(%rax, %rcx, 8)").shift == 3);
}

TEST_CASE("an argument has 1, 2, 4 or 8 bytes, with a sign or without") {
    for (unsigned const size : {1U, 2U, 4U, 8U}) {
        auto const text = std::to_string(size) + "@%eax";
        CHECK(one(text).size == size);
        CHECK_FALSE(one(text).is_signed);
        CHECK(one("-" + text).size == size);
        CHECK(one("-" + text).is_signed);
    }
    for (auto const* const text : {"3@%eax", "0@%eax", "16@%eax", "--4@%eax", "@%eax", "%eax",
                                   "8f@%xmm0", "-@%eax", "88@%eax"})
        unreadable(text);
}

TEST_CASE("each register of x86-64 is where the kernel has it, by each of its names") {
    using names = std::array<std::string_view, 4>;
    std::vector<std::pair<std::size_t, names>> const all{
#if defined(__x86_64__)
        {offsetof(struct pt_regs, rax), {"rax", "eax", "ax", "al"}},
        {offsetof(struct pt_regs, rbx), {"rbx", "ebx", "bx", "bl"}},
        {offsetof(struct pt_regs, rcx), {"rcx", "ecx", "cx", "cl"}},
        {offsetof(struct pt_regs, rdx), {"rdx", "edx", "dx", "dl"}},
        {offsetof(struct pt_regs, rsi), {"rsi", "esi", "si", "sil"}},
        {offsetof(struct pt_regs, rdi), {"rdi", "edi", "di", "dil"}},
        {offsetof(struct pt_regs, rbp), {"rbp", "ebp", "bp", "bpl"}},
        {offsetof(struct pt_regs, rsp), {"rsp", "esp", "sp", "spl"}},
        {offsetof(struct pt_regs, rip), {"rip", "eip", "ip", "rip"}},
        {offsetof(struct pt_regs, r8), {"r8", "r8d", "r8w", "r8b"}},
        {offsetof(struct pt_regs, r9), {"r9", "r9d", "r9w", "r9b"}},
        {offsetof(struct pt_regs, r10), {"r10", "r10d", "r10w", "r10b"}},
        {offsetof(struct pt_regs, r11), {"r11", "r11d", "r11w", "r11b"}},
        {offsetof(struct pt_regs, r12), {"r12", "r12d", "r12w", "r12b"}},
        {offsetof(struct pt_regs, r13), {"r13", "r13d", "r13w", "r13b"}},
        {offsetof(struct pt_regs, r14), {"r14", "r14d", "r14w", "r14b"}},
        {offsetof(struct pt_regs, r15), {"r15", "r15d", "r15w", "r15b"}},
#endif
        {rax, {"rax", "eax", "ax", "al"}},
        {rsp, {"rsp", "esp", "sp", "spl"}},
    };
    for (auto const& [offset, each] : all)
        for (auto const name : each) {
            CAPTURE(name);
            CHECK(one(std::string{"8@%"}.append(name)).base == offset);
        }
}

TEST_CASE("arguments of arm64 are constants, registers and memory") {
    auto const arm = [](std::string_view text) { return one(text, EM_AARCH64); };
    CHECK(arm("4@5") == bl::usdt_argument{.number = 5, .size = 4});
    CHECK(arm("-4@-5") == bl::usdt_argument{.number = minus(5), .size = 4, .is_signed = true});
    CHECK(arm("-8@x4") ==
          bl::usdt_argument{.is = place::in_register, .base = 32, .is_signed = true});
    CHECK(arm("4@w30").base == 240);
    CHECK(arm("8@sp").base == 248);
    CHECK(arm("-4@[sp]") ==
          bl::usdt_argument{.is = place::in_memory, .base = 248, .size = 4, .is_signed = true});
    CHECK(arm("2@[x29, -16]") ==
          bl::usdt_argument{.is = place::in_memory, .number = minus(16), .base = 232, .size = 2});
    CHECK(arm("1@[x0,8]").number == 8);
    CHECK(read("8@x0 4@[sp, 12] 1@3", EM_AARCH64)->size() == 3);
    for (auto const* const text : {"8@x31", "8@x", "8@xzr", "8@v0", "8@[x0", "8@[x0, x1]", "8@[]",
                                   "8@[sp, ]", "8@", "8@%rax", "8@$5", "8@x4x"})
        unreadable(text, EM_AARCH64);
}

TEST_CASE("several arguments stand apart by spaces, and there may be none") {
    CHECK(*read("") == arguments{});
    CHECK(*read("  ") == arguments{});
    auto const several = read(" 8@%rdi  -4@$1 1@-8(%rbp) ");
    REQUIRE(succeeded(several));
    CHECK(*several == arguments{one("8@%rdi"), one("-4@$1"), one("1@-8(%rbp)")});
    auto const second = read("8@%rdi 8@%none");
    REQUIRE_FALSE(second);
    CHECK(second.error().message().find("argument 2 of") != std::string::npos);
}

TEST_CASE("a place that no spec tells is refused by its cause") {
    auto const because = [](std::string_view text, std::string_view cause,
                            std::uint16_t machine = EM_X86_64) {
        CAPTURE(text);
        auto const all = read(text, machine);
        REQUIRE_FALSE(all);
        check_error(all.error(), EOPNOTSUPP, bl::operation::resolve_symbol, bl::errc::not_supported,
                    {cause});
    };
    because("8f@%xmm0", "floating-point number");
    because("-8f@-8(%rbp)", "floating-point number");
    for (auto const* const text : {"-8@%xmm0", "8@%ymm15", "8@%zmm1", "8@%mm0", "8@%st(0)"})
        because(text, "vector or floating-point unit");
    for (auto const* const text : {"8@d0", "8@v1", "8@q2", "4@s3"})
        because(text, "vector or floating-point unit", EM_AARCH64);
    for (auto const* const text : {"4@foo(%rip)", "8@sym+8(%rip)", "8@-8+sym(%rip)"})
        because(text, "at a symbol");
    for (auto const* const text : {"8@%fs:0(%rax)", "4@%gs:16"})
        because(text, "in a segment");
    for (auto const* const text : {"8@(,%rax,4)", "8@16(,%rax,8)"})
        because(text, "without a base");
    for (auto const* const text : {"8@4", "8@foo", "8@foo+4"})
        because(text, "an address of its own");
    because("8@%rdi 3@%rax", "argument 2 of");
    because("8@%rax:%rdx", "another form");
    because("%rax", "not SIZE@PLACE");
    // By the processor's own place, as libbpf reads it.
    CHECK(one("8@16(%rip)") ==
          bl::usdt_argument{.is = place::in_memory, .number = 16, .base = 128});
}

TEST_CASE("what no program reads is refused, and told") {
    for (auto const* const text : {"8@",
                                   "8@$",
                                   "8@$x",
                                   "8@%",
                                   "8@%xmm0",
                                   "8@%raxx",
                                   "8@(",
                                   "8@(%rax",
                                   "8@(rax)",
                                   "8@()",
                                   "8@4",
                                   "8@(,%rax,4)",
                                   "8@(%rax,)",
                                   "8@(%rax,%rcx,3)",
                                   "8@(%rax,%rcx,16)",
                                   "8@(%rax,%rcx,)",
                                   "8@x(%rip)",
                                   "8@%rdi8@%rsi",
                                   "8@%fs:0(%rax)",
                                   "8@$99999999999999999999",
                                   "8@$-9223372036854775809",
                                   "8@$0x",
                                   "8@--1(%rax)",
                                   "8@%rax;"})
        unreadable(text);
    auto const elsewhere = read("8@%rax", EM_S390);
    REQUIRE_FALSE(elsewhere);
    check_error(elsewhere.error(), EOPNOTSUPP, bl::operation::resolve_symbol,
                bl::errc::not_supported, {"x86-64 and arm64"});
    CHECK(read("", EM_S390)); // without arguments there is nothing to be read
}
