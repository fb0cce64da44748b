// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>
#include <bpflink/ids.hpp>

#include <array>

namespace bpflink {

/// A function of the kernel, of a module or of another BPF program. The program runs before it
/// (fentry), after it (fexit), both (fsession), or decides whether it runs (fmod_ret). The function
/// is the one that the program was loaded for.
///
/// `cookie`, where it is not 0, is what bpf_get_attach_cookie() returns in the program. It needs a
/// program whose attach type is known: program_ref::from.
/// @errors invalid_argument   loaded for another attach type (all are named); attached before to a
///                            function that takes the program once (a BPF program's; a kernel
///                            before 5.13); a cookie on a kernel before 5.19
///         not_supported      the function cannot be traced here (EBUSY; EINVAL on arm64), or
///                            this kernel has no trampolines (ENOTSUPP, ENODEV)
///         already_exists     this program is on the function already
///         hook_busy          the function is a BPF program's, and a freplace program replaces it
///         not_found          the function's module was unloaded
///         E2BIG              38 programs are on the function
///         EFAULT             the trampoline is larger than a page (before 6.8), or misplaced
///         permission_denied  CAP_BPF or CAP_PERFMON is missing
/// @kernel since 5.7 (fsession 7.0), cookie 5.19; kernel/bpf/syscall.c, bpf_tracing_prog_attach();
///         read at v6.12
/// @cost 1 system call
struct hook::tracing {
    bpflink::cookie cookie{}; ///< for bpf_get_attach_cookie(); 0: none
};

template <>
struct hook_traits<hook::tracing> : detail::of_kind<link_type::tracing> {
    static constexpr std::string_view name = "tracing";
    static constexpr std::array program_types{program_type::tracing};
    static constexpr std::array attach_types{attach_type::trace_fentry, attach_type::trace_fexit,
                                             attach_type::modify_return,
                                             attach_type::trace_fsession};
    static constexpr kernel_version since{5, 7};
    using details = tracing_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("cookie", &hook::tracing::cookie, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static match matches(link_info const& info) noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::tracing const& where);
    static result<match> is_at(hook::tracing const& where, detail::located_link const& l);
};

/// A link of hook::tracing.
using tracing_link = typed_link<hook::tracing>;

} // namespace bpflink
