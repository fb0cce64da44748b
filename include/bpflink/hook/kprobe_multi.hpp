// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>
#include <bpflink/ids.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace bpflink {

/// Many functions of the kernel by one link: where they begin, where they return (`retprobe`), or
/// both with one program that remembers in between (`session`). Much faster to attach than as many
/// kprobes.
///
/// Names the functions in one of three ways: `symbols`; `addresses`; or `pattern`, with * and ?. A
/// pattern stands for every function that can be probed and has a name of its own.
/// "module:function" is one module's, where the kernel shows its addresses or (7.3) knows the
/// prefix. `cookies` are one for each, in their order, or empty; they do not go with a pattern. All
/// are copied. At most 2^20 functions.
/// @errors not_found          a symbol that does not exist (all are named, with the compiler's
///                            copies of them); a pattern that matches nothing
///         invalid_argument   none or several of the three; cookies of another number; symbols that
///                            several functions have for a name (EADDRNOTAVAIL, all are named); an
///                            address where ftrace traces no function; too many, or too long a name
///                            (E2BIG); the program was loaded for another attach type, or changes
///                            what functions return, which not all of these allow
///         not_supported      a symbol that ftrace cannot trace (all are named); a kernel before
///                            5.18, for sessions 6.10, or built without fprobe; no /proc/kallsyms,
///                            for symbols
///         hook_busy          another tracer has the functions' returns
///         ENODEV             ftrace has stopped after an error of its own
///         permission_denied  CAP_BPF is missing; a security module
/// @kernel since 5.18, session 6.10; kernel/trace/bpf_trace.c, bpf_kprobe_multi_link_attach(); read
///         at v6.12
/// @cost 1 system call; with symbols or a pattern also one reading of all the kernel's symbols:
///       some 10 to 50 ms, whatever the number of names
struct hook::kprobe_multi {
    std::span<std::string_view const> symbols = {}; ///< by name
    std::span<std::uint64_t const> addresses = {};  ///< or by address
    std::string_view pattern = {};                  ///< or all that match
    std::span<cookie const> cookies = {};           ///< none, or one for each
    bool retprobe = false;                          ///< where the functions return
    bool session = false;                           ///< at both ends
};

template <>
struct hook_traits<hook::kprobe_multi> : detail::of_kind<link_type::kprobe_multi> {
    static constexpr std::string_view name = "kprobe_multi";
    static constexpr std::array program_types{program_type::kprobe};
    static constexpr std::array attach_types{attach_type::trace_kprobe_multi,
                                             attach_type::trace_kprobe_session};
    static constexpr kernel_version since{5, 18};
    using details = kprobe_multi_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("symbols", &hook::kprobe_multi::symbols, field_use::optional);
        visit("addresses", &hook::kprobe_multi::addresses, field_use::optional);
        visit("pattern", &hook::kprobe_multi::pattern, field_use::optional);
        visit("cookies", &hook::kprobe_multi::cookies, field_use::optional);
        visit("retprobe", &hook::kprobe_multi::retprobe, field_use::optional);
        visit("session", &hook::kprobe_multi::session, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::kprobe_multi const& where);
    static result<match> is_at(hook::kprobe_multi const& where, detail::located_link const& l);
};

/// A link of hook::kprobe_multi.
using kprobe_multi_link = typed_link<hook::kprobe_multi>;

} // namespace bpflink
