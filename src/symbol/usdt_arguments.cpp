// SPDX-License-Identifier: Apache-2.0
#include "symbol/usdt_arguments.hpp"

#include "error/fail.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <elf.h>
#include <optional>
#include <system_error>
#include <utility>

namespace bpflink {
namespace {

using place = usdt_argument::place;

/// The rest of the arguments to read.
class reader {
public:
    explicit reader(std::string_view text) : left_{text} {}

    [[nodiscard]] std::string_view left() const noexcept { return left_; }
    void skip_spaces() {
        left_.remove_prefix(std::min(left_.find_first_not_of(' '), left_.size()));
    }
    bool take(char one) {
        if (!left_.starts_with(one)) return false;
        left_.remove_prefix(1);
        return true;
    }
    /// The same with spaces around it.
    bool take_apart(char one) {
        skip_spaces();
        bool const taken = take(one);
        if (taken) skip_spaces();
        return taken;
    }
    std::string_view take_word() {
        constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
        auto const word = left_.substr(0, std::min(left_.find_first_not_of(letters), left_.size()));
        left_.remove_prefix(word.size());
        return word;
    }
    /// A number of 64 bits, with a sign or without, as a program has it in them.
    std::optional<std::uint64_t> take_number() {
        auto const before = left_;
        bool const is_negative = take('-');
        bool const is_hexadecimal = left_.starts_with("0x");
        if (is_hexadecimal) left_.remove_prefix(2);
        std::uint64_t number = 0;
        auto const read = std::from_chars(left_.data(), left_.data() + left_.size(), number,
                                          is_hexadecimal ? 16 : 10);
        constexpr auto lowest = std::uint64_t{1} << 63;
        if (read.ec != std::errc{} || (is_negative && number > lowest)) {
            left_ = before;
            return std::nullopt;
        }
        left_.remove_prefix(static_cast<std::size_t>(read.ptr - left_.data()));
        return is_negative ? std::uint64_t{0} - number : number;
    }

private:
    std::string_view left_;
};

constexpr std::uint16_t bytes_of_register = 8;

/// Where struct pt_regs of x86-64 has a register, by its name in each size.
std::optional<std::uint16_t> x86_register(std::string_view name) {
    struct row {
        unsigned at; // arch/x86/include/uapi/asm/ptrace.h, R15 and the like; by 8 bytes
        std::array<std::string_view, 4> names;
    };
    constexpr std::array rows{
        row{0, {"r15", "r15d", "r15w", "r15b"}}, row{1, {"r14", "r14d", "r14w", "r14b"}},
        row{2, {"r13", "r13d", "r13w", "r13b"}}, row{3, {"r12", "r12d", "r12w", "r12b"}},
        row{4, {"rbp", "ebp", "bp", "bpl"}},     row{5, {"rbx", "ebx", "bx", "bl"}},
        row{6, {"r11", "r11d", "r11w", "r11b"}}, row{7, {"r10", "r10d", "r10w", "r10b"}},
        row{8, {"r9", "r9d", "r9w", "r9b"}},     row{9, {"r8", "r8d", "r8w", "r8b"}},
        row{10, {"rax", "eax", "ax", "al"}},     row{11, {"rcx", "ecx", "cx", "cl"}},
        row{12, {"rdx", "edx", "dx", "dl"}},     row{13, {"rsi", "esi", "si", "sil"}},
        row{14, {"rdi", "edi", "di", "dil"}},    row{16, {"rip", "eip", "ip", "rip"}},
        row{19, {"rsp", "esp", "sp", "spl"}},
    };
    for (auto const& each : rows)
        for (auto const& one : each.names)
            if (one == name) return static_cast<std::uint16_t>(each.at * bytes_of_register);
    return std::nullopt;
}

/// The same of struct user_pt_regs of arm64: x0 to x30, then sp.
std::optional<std::uint16_t> arm_register(std::string_view name) {
    constexpr std::uint16_t sp = 31;
    std::uint16_t number = sp;
    if (name != "sp") {
        if (!name.starts_with('x') && !name.starts_with('w')) return std::nullopt;
        auto const* const end = name.data() + name.size();
        auto const read = std::from_chars(name.data() + 1, end, number);
        if (read.ec != std::errc{} || read.ptr != end || number >= sp) return std::nullopt;
    }
    return static_cast<std::uint16_t>(number * bytes_of_register);
}

std::optional<std::uint16_t> take_x86_register(reader& from) {
    return from.take('%') ? x86_register(from.take_word()) : std::nullopt;
}

/// "$5", "%rax", "(%rax)", "-8(%rbp)", "8(%rax,%rcx,4)".
bool read_x86_operand(reader& from, usdt_argument& into) {
    if (from.take('$')) {
        auto const number = from.take_number();
        into.number = number.value_or(0);
        return number.has_value();
    }
    if (from.left().starts_with('%')) {
        into.is = place::in_register;
        auto const its = take_x86_register(from);
        into.base = its.value_or(0);
        return its.has_value();
    }
    into.is = place::in_memory;
    into.number = from.take_number().value_or(0);
    if (!from.take('(')) return false;
    auto const base = take_x86_register(from);
    if (!base) return false;
    into.base = *base;
    if (from.take_apart(',')) {
        into.is = place::indexed;
        auto const index = take_x86_register(from);
        if (!index) return false;
        into.index = *index;
        if (from.take_apart(',')) {
            constexpr std::array<std::string_view, 4> factors{"1", "2", "4", "8"};
            auto const factor = from.take_word();
            while (into.shift != factors.size() && factors[into.shift] != factor)
                ++into.shift;
            if (into.shift == factors.size()) return false;
        }
    }
    return from.take(')');
}

/// "5", "x0", "[sp]", "[sp, 8]".
bool read_arm_operand(reader& from, usdt_argument& into) {
    if (auto const number = from.take_number()) {
        into.number = *number;
        return true;
    }
    bool const is_in_memory = from.take_apart('[');
    into.is = is_in_memory ? place::in_memory : place::in_register;
    auto const base = arm_register(from.take_word());
    if (!base) return false;
    into.base = *base;
    if (!is_in_memory) return true;
    if (from.take_apart(',')) {
        auto const number = from.take_number();
        if (!number) return false;
        into.number = *number;
    }
    from.skip_spaces();
    return from.take(']');
}

/// The kind of an argument's place that no spec of usdt.bpf.h tells. They have those of general
/// registers, of memory by them, and constants. libbpf refuses the rest, too.
std::string_view why_unreadable(std::string_view text, std::uint16_t machine) {
    auto const at = text.find('@');
    auto const size = text.substr(0, at);
    auto const operand = at == text.npos ? std::string_view{} : text.substr(at + 1);
    if (operand.empty()) return "it is not SIZE@PLACE";
    if (size.ends_with('f')) return "a floating-point number, which programs cannot calculate with";
    if (operand.find("%rip)") != operand.npos || operand.find("%eip)") != operand.npos)
        return "at a symbol, by the instruction's address: pass a local copy to the probe";
    if (operand.starts_with("%st") || operand.find("mm") == 1 || operand.find("mm") == 2 ||
        operand.starts_with("%k") ||
        (machine == EM_AARCH64 &&
         std::string_view{"bdhqsv"}.find(operand.front()) != std::string_view::npos &&
         !operand.starts_with("sp")))
        return "in a register of the vector or floating-point unit, which the kernel does not show";
    if (operand.size() > 3 && operand.front() == '%' && operand[2] == 's' && operand[3] == ':')
        return "in a segment, such as a thread's own memory";
    if (operand.starts_with("(,") || operand.find("(,") != operand.npos)
        return "by an index register without a base";
    if (machine == EM_X86_64 && operand.find_first_of("%$(") == operand.npos)
        return "at an address of its own";
    return "a size, a register or an address of another form";
}

/// "-4@" and what follows it.
bool read_argument(reader& from, std::uint16_t machine, usdt_argument& into) {
    into.is_signed = from.take('-');
    auto const size = from.take_word();
    if (size != "1" && size != "2" && size != "4" && size != "8") return false;
    into.size = static_cast<unsigned>(size.front() - '0');
    if (!from.take('@')) return false;
    if (machine == EM_X86_64 ? !read_x86_operand(from, into) : !read_arm_operand(from, into))
        return false;
    return from.left().empty() || from.left().starts_with(' ');
}

} // namespace

result<std::vector<usdt_argument>> read_arguments(std::string_view text, std::uint16_t machine,
                                                  std::string const& subject) {
    auto const unreadable = [&](std::string advice) {
        return fail(-EOPNOTSUPP, operation::resolve_symbol, errc::not_supported, subject,
                    std::move(advice));
    };
    std::vector<usdt_argument> arguments;
    reader from{text};
    auto const begin = [&] {
        auto const left = from.left();
        return left.substr(0, left.find(' '));
    };
    for (from.skip_spaces(); !from.left().empty(); from.skip_spaces()) {
        if (machine != EM_X86_64 && machine != EM_AARCH64)
            return unreadable("arguments can be read on x86-64 and arm64");
        auto const one = begin();
        if (!read_argument(from, machine, arguments.emplace_back()))
            return unreadable(
                "argument " + std::to_string(arguments.size()) + " of '" + std::string{text} +
                "' is where usdt.bpf.h reads none: " + std::string{why_unreadable(one, machine)});
    }
    return arguments;
}

} // namespace bpflink
