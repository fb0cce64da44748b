// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>

#include <array>
#include <string_view>

namespace bpflink {

/// A kernel tracepoint, with its arguments as the kernel passes them. Any number of links;
/// before 6.10 one of a program.
///
/// `name` is the tracepoint without its group ("sched_switch"), at most 127 bytes; copied.
/// `cookie`, where it is not 0, is what bpf_get_attach_cookie() returns in the program.
/// @errors not_found          no such tracepoint
///         invalid_argument   the program is of another type, reads past the tracepoint's
///                            arguments, or writes or sleeps where it may not; a cookie before
///                            kernel 6.10
///         already_exists     the program is on the tracepoint already, before 6.10
///         not_supported      the kernel is built without BPF events
///         permission_denied  CAP_BPF or CAP_PERFMON is missing
/// @kernel since 4.17, a link since 5.7, cookie 6.10; kernel/bpf/syscall.c,
///         bpf_raw_tp_link_attach(); read at v6.12
/// @cost 1 system call
struct hook::raw_tracepoint {
    std::string_view name;    ///< without its group
    bpflink::cookie cookie{}; ///< for bpf_get_attach_cookie(); 0: none
};

template <>
struct hook_traits<hook::raw_tracepoint> : detail::of_kind<link_type::raw_tracepoint> {
    static constexpr std::string_view name = "raw_tracepoint";
    static constexpr std::array program_types{program_type::raw_tracepoint,
                                              program_type::raw_tracepoint_writable};
    static constexpr std::array<attach_type, 0> attach_types{};
    static constexpr kernel_version since{5, 7};
    using details = raw_tracepoint_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("name", &hook::raw_tracepoint::name, field_use::required);
        visit("cookie", &hook::raw_tracepoint::cookie, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static match matches(link_info const& info) noexcept;
    static result<unique_fd> create(detail::borrowed_program prog,
                                    hook::raw_tracepoint const& where);
    static result<match> is_at(hook::raw_tracepoint const& where, detail::located_link const& l);
};

/// A link of hook::raw_tracepoint.
using raw_tracepoint_link = typed_link<hook::raw_tracepoint>;

} // namespace bpflink
