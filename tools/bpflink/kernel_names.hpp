// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/ids.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace tool {

/// A function by name.
struct function_name {
    std::string name;
    std::string module{}; ///< empty: the kernel itself, or a program
    /// "name", or "name [module]".
    [[nodiscard]] std::string text() const;
};

/// The function that begins at an address, or just behind the mark for indirect branches there.
/// Empty where the kernel hides its addresses. It reads /proc/kallsyms, once.
[[nodiscard]] std::optional<function_name> function_at(std::uint64_t address);

/// The function that a tracing link is on.
struct traced_function {
    function_name function;
    bool is_of_program = false; ///< else it is the kernel's
};

/// By its BTF type. The kernel gives one number for a BTF object and for a program: the link's
/// program tells which one is meant (since 6.0). Empty where nothing tells.
/// @param program  of the link
/// @param object   the BTF object, or the program, that the function is in
/// @param type     the function's in it
[[nodiscard]] std::optional<traced_function> traced_by(bpflink::program_id program,
                                                       std::uint32_t object, std::uint32_t type);

} // namespace tool
