// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where functions of the running kernel are.

#include <bpflink/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bpflink {

/// The kernel's functions, those of modules too, that match and that a probe can find by name:
/// sorted, without the module. Out are names that occur more than once (a kprobe refuses them with
/// EADDRNOTAVAIL) and, where tracefs can be read, what ftrace cannot trace.
/// @param pattern  as in matching_symbols
/// @errors invalid_argument   the pattern is empty
///         not_found          there is no /proc/kallsyms
///         EMFILE, ENOMEM, EIO
/// @kernel kernel/kallsyms.c, s_show(); kernel/trace/ftrace.c, available_filter_functions;
///         kernel/trace/trace_kprobe.c, number_of_same_symbols(), which counts data, too
/// @cost reads /proc/kallsyms whole, and tracefs's available_filter_functions: some 100 ms;
///       memory for what matches
[[nodiscard]] result<std::vector<std::string>> matching_kernel_functions(std::string_view pattern);

/// Where a symbol of the kernel, or of a module, is. BPF programs and trampolines are no symbols.
/// @param name  borrowed
/// @errors not_found          no such symbol, or no /proc/kallsyms
///         invalid_argument   the name is empty, or stands for several addresses
///         permission_denied  the kernel hides its addresses: CAP_SYSLOG is missing, or
///                            kernel.kptr_restrict is 2
///         EMFILE, ENOMEM, EIO
/// @kernel kernel/kallsyms.c, s_show()
/// @cost reads /proc/kallsyms whole: some 50 ms
[[nodiscard]] result<std::uint64_t> kernel_symbol_address(std::string_view name);

} // namespace bpflink
