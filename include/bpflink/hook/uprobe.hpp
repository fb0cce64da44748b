// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/perf_event.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace bpflink {

/// A place in a program or library in user space, or (`retprobe`) a function's return; in every
/// process that has the file mapped, or in one. Any number of links.
///
/// `binary` is a path, or a library's or program's file name, which is looked for where the system
/// has them; copied. `symbol` is a function in it, with its version if need be
/// ("memcpy@GLIBC_2.14"); `offset` is bytes from it, or in the file where `symbol` is empty. `pid`
/// is a process, and 0 this one. `ref_ctr_offset` is the place in the file of a counter of who
/// watches (USDT).
/// @errors not_found          no such file, symbol or process
///         invalid_argument   not an ELF file; several functions have the name; a place that may
///                            not be probed
///         not_supported      a kernel built without uprobes, or before 5.15
///         permission_denied  CAP_BPF or CAP_PERFMON is missing
/// @kernel link since 5.15; kernel/events/core.c, perf_uprobe_event_init(); read at v6.12
/// @cost 5 system calls, 3 more for each of `retprobe` and `ref_ctr_offset`, and the reading of the
///       file's symbols
struct hook::uprobe {
    std::string_view binary;               ///< a path, or a file name
    std::string_view symbol = {};          ///< empty: by the file's offset
    std::uint64_t offset = 0;              ///< bytes from the symbol, or in the file
    bool retprobe = false;                 ///< where the function returns
    std::optional<int> pid = std::nullopt; ///< empty: every process; 0: this one
    std::uint32_t ref_ctr_offset = 0;      ///< of a counter of who watches; 0: none
    bpflink::cookie cookie{};              ///< what bpf_get_attach_cookie() returns; 0: none
};

template <>
struct hook_traits<hook::uprobe> {
    static constexpr std::string_view name = "uprobe";
    static constexpr std::array link_types{link_type::perf_event};
    static constexpr std::array program_types{program_type::kprobe};
    static constexpr kernel_version since{5, 15};
    using details = perf_event_details;

    static match matches(link_info const& info) noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::uprobe const& where);
};

/// A link of hook::uprobe.
using uprobe_link = typed_link<hook::uprobe>;

} // namespace bpflink
