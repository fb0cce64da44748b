// SPDX-License-Identifier: Apache-2.0
#pragma once

// Functions of the kernel by their BTF ids.

#include <bpflink/error.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// A function as BTF has it.
struct typed_function {
    std::uint32_t id;
    bool can_be_traced; // a trampoline can pass its arguments, and what it returns
};

/// The functions in BTF of each name, in their order; possibly none.
/// @param module  of that name; empty: the kernel itself
/// @errors not_found      there is no such module
///         not_supported  the kernel, or the module, has no BTF; and ENOMEM
[[nodiscard]] result<std::vector<std::vector<typed_function>>>
types_of(std::string_view module, std::span<std::string_view const> names);

} // namespace bpflink
