// SPDX-License-Identifier: Apache-2.0
#include "symbol/instruction.hpp"

#include <elf.h>
#include <string_view>

namespace bpflink {
namespace {

using namespace std::literals;

bool is_in(std::string_view bytes, std::byte one) {
    return bytes.find(static_cast<char>(one)) != bytes.npos;
}

} // namespace

// The kernel asks this when it puts the probe in, and it does so in processes that run then. See
// arch/x86/kernel/uprobes.c, uprobe_init_insn(); read at v6.12, and tried on 6.18.
bool is_unprobeable(std::span<std::byte const> code, std::uint16_t machine) noexcept {
    constexpr auto refused_prefixes = "\x26\x2e\x36\x3e\xf0"sv; // es, cs, ss, ds, lock
    constexpr auto other_prefixes = "\x64\x65\x66\x67\xf2\xf3"sv;
    constexpr auto refused = "\x6c\x6d\x6e\x6f"                 // ins, outs
                             "\xcc\xcd\xce\xcf"                 // int3, int, into, iret
                             "\xe4\xe5\xe6\xe7\xec\xed\xee\xef" // in, out
                             "\xd6\xf1\xf4\xfa\xfb"sv;          // illegal, int1, hlt, cli, sti
    constexpr auto not_of_64_bits =
        "\x06\x07\x0e\x16\x17\x1e\x1f\x27\x2f\x37\x3f\x60\x61\x82\x9a\xd4\xea"sv;
    if (machine != EM_X86_64 && machine != EM_386) return false;
    for (auto const each : code) {
        if (is_in(refused_prefixes, each)) return true;
        if (is_in(other_prefixes, each)) continue;
        bool const is_rex = machine == EM_X86_64 && (each & std::byte{0xf0}) == std::byte{0x40};
        if (is_rex) continue;
        return is_in(refused, each) || (machine == EM_X86_64 && is_in(not_of_64_bits, each));
    }
    return false;
}

} // namespace bpflink
