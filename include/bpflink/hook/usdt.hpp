// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>
#include <bpflink/ids.hpp>

#include <array>
#include <optional>
#include <string_view>
#include <variant>

namespace bpflink {

/// A USDT probe: one link covers all of its places in one program or library, as resolve_usdt tells
/// them. It raises their semaphores, by which the program knows that somebody watches.
///
/// `binary` is a path or file name as for hook::uprobe, or a descriptor. `provider` and `name` are
/// those that matching_usdt lists. All are borrowed. `pid` is a process, and 0 this one. The notes
/// on places at hook::uprobe hold here, too.
///
/// A program that includes libbpf's <bpf/usdt.bpf.h> reads the arguments by bpf_usdt_arg(), and
/// `cookie` by bpf_usdt_cookie(). Its cookies are keys of its map of argument specifications, which
/// is filled before the program is attached. Equal ones share a key, from the highest one down, and
/// a key is never free again. The map has room for 256, or BPF_USDT_MAX_SPEC_CNT. But libbpf takes
/// keys from 0 up, and does not know of these. Where both attach programs of one object, the map
/// needs room for both. Nor does anybody know of the keys that another process takes at the same
/// moment. The kernel opens a map by its id for CAP_SYS_ADMIN alone: with CAP_BPF and CAP_PERFMON,
/// lend the object's map __bpf_usdt_specs as `specs`. Arguments are read on x86-64 and arm64, in
/// every form that libbpf reads; those that an index register finds need libbpf 1.7 or later.
/// @errors not_found          no such file or process, or one as hook::uprobe has it; no such
///                            probe: the message tells those that the file has
///         invalid_argument   a name is missing; not a regular file, not an ELF file, one for
///                            another kind of processor, or one whose notes are damaged; a place
///                            that is not in loaded code; an instruction that cannot be probed; a
///                            thread's number; a probe there has another reference counter; the
///                            program was loaded for another attach type; `specs` is not the
///                            program's map
///         EIO                the file cannot be read there, or its file system takes no probes
///         EBUSY              the page of a semaphore cannot be had
///         not_supported      a kernel before 6.6, where one link cannot hold several places (a
///                            link_set of hook::uprobe can), or one built without uprobes; /proc is
///                            not mounted; arguments that the program could not read; more than 12
///                            of them; arguments in a vector or floating-point register, at a
///                            symbol, by a segment, or of another processor
///         permission_denied  CAP_BPF is missing, or the file may not be read; the program has
///                            maps, `specs` is not lent, and CAP_SYS_ADMIN to look at them is
///                            missing; a security module
///         ENOSPC             the program's map of argument specifications is full
/// @kernel since 6.6; `pid` as for hook::uprobe_multi; kernel/trace/bpf_trace.c,
///         bpf_uprobe_multi_link_attach(); read at v6.12
/// @cost some 25 system calls, 4 more for `pid`, 1 for each place, 2 for each map of the program's,
///       with usdt.bpf.h 1 for each specification; the reading of the file's notes
struct hook::usdt {
    std::variant<std::string_view, fd_view> binary; ///< path, file name or descriptor
    std::string_view provider;                      ///< such as "libstdcxx"
    std::string_view name;                          ///< of the probe, such as "throw"
    std::optional<int> pid = std::nullopt;          ///< empty: every process; 0: this one
    bpflink::cookie cookie{}; ///< bpf_usdt_cookie(), or bpf_get_attach_cookie()
    fd_view specs = {};       ///< the program's map __bpf_usdt_specs; empty: it is looked for
};

template <>
struct hook_traits<hook::usdt> : detail::of_kind<link_type::uprobe_multi> {
    static constexpr std::string_view name = "usdt";
    static constexpr std::array program_types{program_type::kprobe};
    static constexpr std::array attach_types{attach_type::trace_uprobe_multi};
    static constexpr kernel_version since{6, 6};
    using details = uprobe_multi_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("binary", &hook::usdt::binary, field_use::required);
        visit("provider", &hook::usdt::provider, field_use::required);
        visit("name", &hook::usdt::name, field_use::required);
        visit("pid", &hook::usdt::pid, field_use::optional);
        visit("cookie", &hook::usdt::cookie, field_use::optional);
        visit("specs", &hook::usdt::specs, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static match matches(link_info const& info) noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::usdt const& where);
    static result<match> is_at(hook::usdt const& where, detail::located_link const& l);
};

/// A link of hook::usdt.
using usdt_link = typed_link<hook::usdt>;

} // namespace bpflink
