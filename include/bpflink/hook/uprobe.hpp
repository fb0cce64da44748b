// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/perf_event.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace bpflink {

/// A place in a program or library in user space, or (`retprobe`) a function's return. It counts in
/// every process that has the file mapped, or in one. Any number of links.
///
/// `binary` is a path, or a library's or program's file name, which is looked for where the system
/// has them; copied. Below /proc/PID/root, names mean what they mean to that process. The file is
/// opened once, and the probe goes into the very file that the symbol was found in. `symbol` is a
/// function in it, with its version if need be ("memcpy@GLIBC_2.14"). `offset` is bytes from it, or
/// in the file if `symbol` is empty: see offset_of_address() for an address. `ref_ctr_offset` is
/// the place in the file of a counter of watchers (USDT).
///
/// `pid` is a process, with all its threads, and 0 this one. The kernel watches it by its first
/// thread: when that has ended and others go on, the program runs no more.
///
/// A place in the middle of an instruction cannot be told without a disassembler: the process that
/// comes by gets SIGILL, or goes wrong. In a file that is not ELF, any offset in it is taken. An
/// offset from a symbol may go backwards: it wraps around.
/// Single uprobes end slowly, and not faster side by side: 200 take 20 s by 1, 16 or 200 threads.
/// One uprobe_multi of as many places takes 0.07 s (measured on 6.18).
/// @errors not_found          no such file, symbol or process; a process that has ended,
///                            whose first thread has, or a kernel thread
///         invalid_argument   not a regular file, which is not opened; a symbol, and not an ELF
///                            file; one for another kind of processor; several functions have the
///                            name, or it is indirect; a place
///                            outside the file's executable segments, or in one that can be written
///                            to; an instruction that cannot be probed; a thread's number; a probe
///                            there has another reference counter; the program is for another
///                            attach type
///         EIO                the file cannot be read there, or its file system takes no probes
///         EBUSY              the page of the reference counter cannot be had
///         ETXTBSY            the file was removed, or replaced twice, while being attached
///         ENOENT             /sys is not mounted: without a condition, as nothing is known
///         ENODEV             no processor is known to be online
///         not_supported      a kernel built without uprobes, or before 5.15
///         permission_denied  CAP_BPF or CAP_PERFMON is missing, and on newer kernels (6.18)
///                            CAP_SYS_ADMIN; or the file may not be read; a security module or
///                            a filter of system calls
/// @kernel link since 5.15; kernel/events/core.c, perf_uprobe_event_init(), and
///         kernel/events/uprobes.c, prepare_uprobe(); read at v6.12
/// @cost some 30 system calls, 3 more for each of `retprobe` and `ref_ctr_offset`, 4 for `pid`, and
///       the reading of the file's symbols
struct hook::uprobe {
    std::string_view binary;               ///< a path, or a file name
    std::string_view symbol = {};          ///< empty: by the file's offset
    std::uint64_t offset = 0;              ///< bytes from the symbol, or in the file
    bool retprobe = false;                 ///< where the function returns
    std::optional<int> pid = std::nullopt; ///< empty: every process; 0: this one
    std::uint32_t ref_ctr_offset = 0;      ///< of a counter of watchers; 0: none
    bpflink::cookie cookie{};              ///< for bpf_get_attach_cookie(); 0: none
    bool indirect = false; ///< where an indirect function (STT_GNU_IFUNC) chooses a variant, too
    bool unique = false;   ///< refuse a symbol that several functions have, whatever their binding
    /// Where debug files are sought, too: see resolve_options.
    std::span<std::string_view const> debug_directories = {};
};

template <>
struct hook_traits<hook::uprobe> : detail::of_kind<link_type::perf_event> {
    static constexpr std::string_view name = "uprobe";
    static constexpr std::array program_types{program_type::kprobe};
    static constexpr std::array attach_types{attach_type::perf_event};
    static constexpr kernel_version since{5, 15};
    using details = perf_event_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("binary", &hook::uprobe::binary, field_use::required);
        visit("symbol", &hook::uprobe::symbol, field_use::optional);
        visit("offset", &hook::uprobe::offset, field_use::optional);
        visit("retprobe", &hook::uprobe::retprobe, field_use::optional);
        visit("pid", &hook::uprobe::pid, field_use::optional);
        visit("ref_ctr_offset", &hook::uprobe::ref_ctr_offset, field_use::optional);
        visit("cookie", &hook::uprobe::cookie, field_use::optional);
        visit("indirect", &hook::uprobe::indirect, field_use::optional);
        visit("unique", &hook::uprobe::unique, field_use::optional);
        visit("debug_directories", &hook::uprobe::debug_directories, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static match matches(link_info const& info) noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::uprobe const& where);
    static result<match> is_at(hook::uprobe const& where, detail::located_link const& l);
};

/// A link of hook::uprobe.
using uprobe_link = typed_link<hook::uprobe>;

} // namespace bpflink
