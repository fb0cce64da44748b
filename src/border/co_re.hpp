// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace [[gnu::visibility("hidden")]] bpflink {

/// A program that can be loaded as it is.
struct relocated_program {
    std::vector<std::uint64_t> code;
    std::uint32_t walked = 0;   ///< of an iterator: the type of the kernel's function that walks
    std::string_view name{};    ///< of its function; in the object, as the next
    std::string_view license{}; ///< ends with a zero byte
};

/// Gives the kernel's types, as /sys/kernel/btf/vmlinux has them; nothing where that cannot be
/// read.
using kernel_types_reader = std::function<std::span<std::byte const>()>;

/// Puts the running kernel's offsets into a program of the library's own, by one pass over the
/// kernel's types. libbpf passes over them for each struct, which takes ten times as long.
/// @param object  an object file with one program: an iterator, or of a raw tracepoint
/// @param kernel  asked once the object has shown to be plain; good until this returns
/// @return empty where anything is not plain: a struct of which there are two, a field of another
///         size, another kind of relocation. libbpf knows what to do then.
[[nodiscard]] std::optional<relocated_program> relocate(std::span<std::byte const> object,
                                                        kernel_types_reader const& kernel);

} // namespace bpflink
