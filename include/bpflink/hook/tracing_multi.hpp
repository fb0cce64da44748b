// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>
#include <bpflink/ids.hpp>

#include <array>
#include <optional>
#include <span>
#include <string_view>

namespace bpflink {

/// Many functions of the kernel by one link: before (fentry), after (fexit) or both (fsession).
///
/// The functions are given by one of three fields. `symbols` are names. `functions` are BTF ids in
/// the program's BTF object, each once. `pattern`, with * and ?, stands for every function that can
/// be traced and has a name of its own. "module:function" and "module:pattern" are a module's; the
/// program has to be loaded for that module (attach_btf_obj_fd). All functions of a link are of one
/// module, or of the kernel itself. `cookies` are one for each in their order, or empty; they do
/// not go with a pattern. All are copied. At most 2^20 functions. `attach` is needed if the program
/// is known by its descriptor only.
/// @errors invalid_argument   not one of the three, or several; one function twice; cookies
///                            of another number; symbols of several modules; a name that several
///                            functions have (EADDRNOTAVAIL, all are named); `attach` is missing or
///                            not the one the program was loaded for; the program was loaded for
///                            functions of another module, or sleeps; a BTF id that no function has
///         not_found          symbols that are not there (all are named, with names near them); a
///                            pattern that nothing matches; the module is not loaded, or was
///                            unloaded
///         not_supported      a kernel before 7.2, or built without it; functions without BTF, or
///                            whose arguments a trampoline cannot pass (all are named); one of the
///                            functions cannot be traced here (ENOTSUPP); no /proc/kallsyms or no
///                            BTF, for symbols and patterns
///         EBUSY              one of the functions cannot be traced here, or has this program
///                            (already_exists): the kernel does not tell which
///         E2BIG              more than 2^20 functions, or 38 programs are on one of them
///         permission_denied  CAP_BPF or CAP_PERFMON is missing; CAP_SYS_ADMIN, for names of a
///                            module
/// @kernel since 7.2; kernel/trace/bpf_trace.c, bpf_tracing_multi_attach(); read at v7.2
/// @cost 1 system call; with symbols or a pattern also one reading of the kernel's symbols and of
///       its BTF; that is some 50 to 100 ms for any number of names
struct hook::tracing_multi {
    std::span<btf_id const> functions = {};           ///< by their ids in the program's BTF object
    std::span<cookie const> cookies = {};             ///< none, or one for each
    std::optional<attach_type> attach = std::nullopt; ///< where the program does not tell
    std::span<std::string_view const> symbols = {};   ///< or by name
    std::string_view pattern = {};                    ///< or all that match
};

template <>
struct hook_traits<hook::tracing_multi> : detail::of_kind<link_type::tracing_multi> {
    static constexpr std::string_view name = "tracing_multi";
    static constexpr std::array program_types{program_type::tracing};
    static constexpr std::array attach_types{attach_type::trace_fentry_multi,
                                             attach_type::trace_fexit_multi,
                                             attach_type::trace_fsession_multi};
    static constexpr kernel_version since{7, 2};
    using details = tracing_multi_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("functions", &hook::tracing_multi::functions, field_use::optional);
        visit("cookies", &hook::tracing_multi::cookies, field_use::optional);
        visit("attach", &hook::tracing_multi::attach, field_use::optional);
        visit("symbols", &hook::tracing_multi::symbols, field_use::optional);
        visit("pattern", &hook::tracing_multi::pattern, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static result<unique_fd> create(detail::borrowed_program prog,
                                    hook::tracing_multi const& where);
    static result<match> is_at(hook::tracing_multi const& where, detail::located_link const& l);
};

/// A link of hook::tracing_multi.
using tracing_multi_link = typed_link<hook::tracing_multi>;

} // namespace bpflink
