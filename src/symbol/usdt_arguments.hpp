// SPDX-License-Identifier: Apache-2.0
#pragma once

// Arguments in the notes of USDT probes: where a program has them when it comes by.

#include <bpflink/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// One argument. Registers are told by where struct pt_regs has them, in bytes.
struct usdt_argument {
    enum class place {
        constant,    // `number` itself
        in_register, // `base`
        in_memory,   // at base + number
        indexed,     // at base + (index << shift) + number
    };
    place is{};
    std::uint64_t number = 0;
    std::uint16_t base = 0;
    std::uint16_t index = 0;
    unsigned shift = 0;
    unsigned size = 8; // in bytes: 1, 2, 4 or 8
    bool is_signed = false;

    friend bool operator==(usdt_argument const&, usdt_argument const&) = default;
};

/// Reads "8@%rdi -4@$1 1@-8(%rbp)".
/// @param machine  the file's: EM_X86_64 or EM_AARCH64
/// @param subject  for an error
/// @errors not_supported  another machine, or an argument that no program reads so: it is told
[[nodiscard]] result<std::vector<usdt_argument>>
read_arguments(std::string_view text, std::uint16_t machine, std::string const& subject);

} // namespace bpflink
