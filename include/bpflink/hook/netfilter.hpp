// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>

#include <array>
#include <cstdint>

namespace bpflink {

/// A netfilter hook of the caller's network namespace. Programs run by `priority`, lowest first,
/// among everything else on the hook; none has the priority of something else there. The kernel
/// reports no difference between an attached link and a detached one: its state is `unknown`.
///
/// `defragment` has fragments put together before the program (and all that has a priority above
/// -400) sees them.
/// @errors hook_busy          something has this priority (EBUSY)
///         invalid_argument   a family but these two (EAFNOSUPPORT); no such hook (EPROTO); the
///                            lowest or highest priority, or with `defragment` one of -400 or less
///                            (ERANGE)
///         not_supported      `defragment` before 6.6 (EOPNOTSUPP), for a family that the kernel
///                            does not defragment (EAFNOSUPPORT), or without its module (EINVAL,
///                            ENOENT, ENOSYS)
///         E2BIG              1024 functions are on the hook
///         ETIME              with `defragment`: the kernel loads too many modules just now
///         EOVERFLOW          with `defragment`: it counts no more links that ask for it
///         permission_denied  CAP_NET_ADMIN or CAP_BPF is missing
/// @kernel since 6.4; net/netfilter/nf_bpf_link.c, bpf_nf_link_attach(); read at v6.12, v7.1
/// @cost 1 system call
struct hook::netfilter {
    bpflink::protocol_family protocol_family;         ///< the family of the packets
    netfilter_hook hook = netfilter_hook::prerouting; ///< where on their way
    std::int32_t priority = 0; ///< lowest first; unlike any other on the hook
    bool defragment = false;   ///< fragments are put together first
};

template <>
struct hook_traits<hook::netfilter> : detail::of_kind<link_type::netfilter> {
    static constexpr std::string_view name = "netfilter";
    static constexpr std::array program_types{program_type::netfilter};
    static constexpr std::array attach_types{attach_type::netfilter};
    static constexpr kernel_version since{6, 4};
    using details = netfilter_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("protocol_family", &hook::netfilter::protocol_family, field_use::required);
        visit("hook", &hook::netfilter::hook, field_use::optional);
        visit("priority", &hook::netfilter::priority, field_use::optional);
        visit("defragment", &hook::netfilter::defragment, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::netfilter const& where);
    static result<match> is_at(hook::netfilter const& where, detail::located_link const& l);
};

/// A link of hook::netfilter.
using netfilter_link = typed_link<hook::netfilter>;

} // namespace bpflink
