// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>
#include <bpflink/ids.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

namespace bpflink {

/// Many places in one program or library by one link: there, where functions return (`retprobe`),
/// or both with one program that remembers in between (`session`).
///
/// `binary` is a path or file name as for hook::uprobe, or a descriptor (borrowed), such as that of
/// a file in another mount namespace. The file is opened once, and the probes go into the very file
/// that the symbols were found in. The places are `symbols`, or `offsets` in the file, or both:
/// then each offset counts from its symbol. Or they are the beginnings of all functions
/// that matching_symbols() lists for `pattern`, and that can be probed. `ref_ctr_offsets` and
/// `cookies` are one for each, or empty; they do not go with a pattern. All are copied. `pid` is a
/// process, and 0 this one. At most 2^20 places; the notes on places at hook::uprobe hold here,
/// too.
/// @errors not_found          no such file or process, or one as hook::uprobe has it; symbols that
///                            the file does not have (all are named); a pattern that nothing
///                            matches
///         invalid_argument   no places, or a pattern and others; arrays of different lengths, or
///                            too many (E2BIG); not a regular file; a symbol, and not an ELF file;
///                            one for another kind of processor; indirect functions; a place
///                            outside the file's executable segments, or in one that can be written
///                            to; an instruction that cannot be probed; a thread's number; a probe
///                            there has another reference counter; the program was loaded for
///                            another attach type
///         EIO                the file cannot be read there, or its file system takes no probes
///         EBUSY              the page of a reference counter cannot be had
///         not_supported      a kernel before 6.6, for sessions 6.13, or built without uprobes;
///                            /proc is not mounted
///         permission_denied  CAP_BPF is missing, or the file may not be read; a security module
/// @kernel since 6.6, session 6.13; `pid` is all threads of the process since 6.10, its first one
///         alone before; kernel/trace/bpf_trace.c, bpf_uprobe_multi_link_attach(); read at v6.12
/// @cost some 15 system calls, 4 more for `pid`, 1 for each place; and with symbols the reading of
///       the file's, once for all of them
struct hook::uprobe_multi {
    std::variant<std::string_view, fd_view> binary;      ///< path, file name or descriptor
    std::span<std::string_view const> symbols = {};      ///< functions in it
    std::span<std::uint64_t const> offsets = {};         ///< in the file, or from the symbols
    std::span<std::uint64_t const> ref_ctr_offsets = {}; ///< none, or one for each
    std::span<cookie const> cookies = {};                ///< none, or one for each
    std::optional<int> pid = std::nullopt;               ///< empty: every process; 0: this one
    bool retprobe = false;                               ///< where the functions return
    bool session = false;                                ///< at both ends
    bool indirect = false; ///< where indirect functions (STT_GNU_IFUNC) choose variants, too
    std::string_view pattern = {}; ///< or all functions that match, with * and ?
    bool unique = false; ///< refuse a symbol that several functions have, whatever their binding
    /// Where debug files are sought, too: see resolve_options.
    std::span<std::string_view const> debug_directories = {};
};

template <>
struct hook_traits<hook::uprobe_multi> : detail::of_kind<link_type::uprobe_multi> {
    static constexpr std::string_view name = "uprobe_multi";
    static constexpr std::array program_types{program_type::kprobe};
    static constexpr std::array attach_types{attach_type::trace_uprobe_multi,
                                             attach_type::trace_uprobe_session};
    static constexpr kernel_version since{6, 6};
    using details = uprobe_multi_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("binary", &hook::uprobe_multi::binary, field_use::required);
        visit("symbols", &hook::uprobe_multi::symbols, field_use::optional);
        visit("offsets", &hook::uprobe_multi::offsets, field_use::optional);
        visit("ref_ctr_offsets", &hook::uprobe_multi::ref_ctr_offsets, field_use::optional);
        visit("cookies", &hook::uprobe_multi::cookies, field_use::optional);
        visit("pid", &hook::uprobe_multi::pid, field_use::optional);
        visit("retprobe", &hook::uprobe_multi::retprobe, field_use::optional);
        visit("session", &hook::uprobe_multi::session, field_use::optional);
        visit("indirect", &hook::uprobe_multi::indirect, field_use::optional);
        visit("pattern", &hook::uprobe_multi::pattern, field_use::optional);
        visit("unique", &hook::uprobe_multi::unique, field_use::optional);
        visit("debug_directories", &hook::uprobe_multi::debug_directories, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::uprobe_multi const& where);
    static result<match> is_at(hook::uprobe_multi const& where, detail::located_link const& l);
};

/// A link of hook::uprobe_multi.
using uprobe_multi_link = typed_link<hook::uprobe_multi>;

} // namespace bpflink
