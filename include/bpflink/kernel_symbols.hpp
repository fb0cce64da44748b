// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where functions of the running kernel are.

#include <bpflink/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bpflink {

/// The kernel's functions, those of modules too, that match and that a probe can find by name:
/// sorted, without the module. It leaves out names that occur more than once, which a kprobe
/// refuses (EADDRNOTAVAIL), and, where tracefs can be read, what ftrace cannot trace.
/// @param pattern  as in matching_symbols(); or "module:pattern" for functions of modules that the
///                 first part matches, where the kernel itself is vmlinux. Names that
///                 also occur elsewhere are left out then, too. For a name without * and ?, ftrace
///                 alone is asked where that is possible. It does not know of data of the same
///                 name, nor of functions that it cannot trace. Borrowed
/// @errors invalid_argument   the pattern is empty, or one part of it
///         not_found          there is no /proc/kallsyms
///         EMFILE, ENOMEM, EIO
/// @kernel kernel/kallsyms.c, s_show(); kernel/trace/ftrace.c, available_filter_functions;
///         kernel/trace/trace_kprobe.c, number_of_same_symbols(), which counts data, too
/// @cost reads /proc/kallsyms whole, and tracefs's available_filter_functions: some 100 ms; for a
///       name, the latter alone where it can be read; memory for what matches
[[nodiscard]] result<std::vector<std::string>> matching_kernel_functions(std::string_view pattern);

/// A place of the kernel, or of a module, that has a name.
struct kernel_symbol {
    std::uint64_t address = 0; ///< in the kernel
    std::string module;        ///< empty: the kernel itself
    /// The distance to the next symbol of the kernel or of that module, padding included, since
    /// kallsyms lists no sizes. Empty for the last one.
    std::optional<std::uint64_t> size;
    bool is_function = false; ///< rather than data

    /// Whether all of it is equal.
    friend bool operator==(kernel_symbol const&, kernel_symbol const&) = default;
};

/// Every place that a name stands for, by their addresses. There is at least one. BPF programs and
/// trampolines are not symbols.
/// @param name  "name", or "module:name" for those of one module, where the kernel itself is
///              vmlinux; borrowed
/// @errors not_found          no such symbol, and the names that are near it (the compiler makes
///                            f.isra.0, f.part.0 or f.cold of f); or no /proc/kallsyms
///         invalid_argument   the name is empty, or has a zero byte
///         permission_denied  the kernel hides its addresses: CAP_SYSLOG is missing, or
///                            kernel.kptr_restrict is 2
///         EMFILE, ENOMEM, EIO
/// @kernel kernel/kallsyms.c, s_show()
/// @cost reads /proc/kallsyms whole: some 50 ms, twice for a name that is not there; 16 bytes of
///       memory a symbol of the kernel
[[nodiscard]] result<std::vector<kernel_symbol>> kernel_symbols(std::string_view name);

/// Where a symbol of the kernel, or of a module, is. BPF programs and trampolines are not symbols.
/// @param name  as in kernel_symbols()
/// @errors invalid_argument  the name stands for several addresses, which are told; and as
///                           kernel_symbols()
/// @kernel kernel/kallsyms.c, s_show()
/// @cost as kernel_symbols()
[[nodiscard]] result<std::uint64_t> kernel_symbol_address(std::string_view name);

} // namespace bpflink
