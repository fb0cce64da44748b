// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/perf_event.hpp>

#include <cstdint>
#include <string_view>

namespace bpflink {

/// A place in the kernel's code, or (`retprobe`) a function's return. Any number of links.
///
/// `function` is a symbol of the kernel or a module, copied; `offset` is bytes from it, or an
/// address where `function` is empty. "module:function" is one module's, where
/// the kernel itself is vmlinux (its address is looked up in /proc/kallsyms then). A system call's
/// own name
/// ("sys_openat", or "openat" with `syscall`) finds its function by the architecture's prefix.
/// `cookie`, where it is not 0, is what bpf_get_attach_cookie() returns.
/// @errors not_found          no such function, where the compiler's copies of it are named
/// ("f.isra.0"),
///                            or its module is not loaded
///         invalid_argument   neither a function nor an address; the function may not be probed, as
///                            it is data, on the kernel's blacklist or not for tracing; a return
///                            probe has an offset; no instruction begins at the offset or address
///                            (EILSEQ); several functions have the name, whose places are told
///                            (EADDRNOTAVAIL); the program is for another attach type, sleeps, or
///                            changes what the function returns, which this one does not allow
///         hook_busy          a live patch has the function
///         not_supported      a kernel built without kprobes, or before 5.15
///         permission_denied  CAP_BPF or CAP_PERFMON is missing; the kernel's lockdown is that of
///                            confidentiality; a security module or a filter of system calls
///         ENOENT             /sys is not mounted: without a condition, as nothing is known
///         ENODEV             no processor is known to be online
/// @kernel link since 5.15; kernel/events/core.c, perf_kprobe_event_init(); read at v6.12. A kernel
///         before 6.7 that has not got the fix (5.15.139 and 6.1.61 have) takes the first function
///         of a name: kernel_symbol_address() refuses such names
/// @cost 5 system calls, 8 with `retprobe`; the kernel's own work is milliseconds. A refusal reads
///       the kernel's symbols, some 50 ms, and what ftrace can trace
struct hook::kprobe {
    std::string_view function = {}; ///< a symbol; empty: by address
    std::uint64_t offset = 0;       ///< bytes from the function, or an address
    bool retprobe = false;          ///< where the function returns
    bpflink::cookie cookie{};       ///< for bpf_get_attach_cookie(); 0: none
    bool syscall = false;           ///< `function` is a system call's own name: "openat"
};

template <>
struct hook_traits<hook::kprobe> : detail::of_kind<link_type::perf_event> {
    static constexpr std::string_view name = "kprobe";
    static constexpr std::array program_types{program_type::kprobe};
    static constexpr std::array attach_types{attach_type::perf_event};
    static constexpr kernel_version since{5, 15};
    using details = perf_event_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("function", &hook::kprobe::function, field_use::optional);
        visit("offset", &hook::kprobe::offset, field_use::optional);
        visit("retprobe", &hook::kprobe::retprobe, field_use::optional);
        visit("cookie", &hook::kprobe::cookie, field_use::optional);
        visit("syscall", &hook::kprobe::syscall, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static match matches(link_info const& info) noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::kprobe const& where);
    static result<match> is_at(hook::kprobe const& where, detail::located_link const& l);
};

/// A link of hook::kprobe.
using kprobe_link = typed_link<hook::kprobe>;

} // namespace bpflink
