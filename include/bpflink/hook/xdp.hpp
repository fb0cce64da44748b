// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>
#include <bpflink/ids.hpp>

#include <array>

namespace bpflink {

/// Where an XDP program runs.
enum class xdp_mode : unsigned {
    /// In the driver where that has XDP, else generic. Where the driver has it and refuses the
    /// program (MTU, bond), the kernel does not go on to generic.
    automatic = 0,
    generic = 2, ///< after the socket buffer was made: every device, slower (XDP_FLAGS_SKB_MODE)
    driver = 4,  ///< in the driver, or not at all (XDP_FLAGS_DRV_MODE)
    offload = 8, ///< on the device itself, or not at all (XDP_FLAGS_HW_MODE)
};

/// The earliest point of a network interface's receive path. One link for each interface and mode;
/// it does not hold the interface: when that goes, the link is defunct.
///
/// A failed attach looks for the cause: at the interface, its neighbours and their programs. Where
/// the driver refuses, a second attempt runs while a program of the library's own listens to this
/// thread. So the advice quotes the driver, since 6.6. `query` tells the programs.
/// @errors hook_busy          a link or a program is there, and named, or memory or queues are
///                            taken (EBUSY); a bridge, bond or macvlan above has one (EEXIST)
///         already_exists     a program runs there in another mode (EEXIST)
///         not_found          no such interface in the caller's network namespace (EINVAL)
///         not_supported      the driver has no XDP, or refuses it: the MTU (ERANGE, EINVAL), a
///                            port of the bond (EOPNOTSUPP), offloads, queues (ENOSPC), no peer
///                            (ENOTCONN). Most go in xdp_mode::generic
///         invalid_argument   the program was loaded for a devmap, a cpumap or another device; the
///                            mode is not one, or is ambiguous
///         permission_denied  CAP_BPF is missing, or a security module refuses
/// @kernel since 5.9; net/core/dev.c, bpf_xdp_link_attach(), dev_xdp_attach(), dev_xdp_install();
///         read at v5.10, v6.12 and v7.1
/// @cost 1 system call
struct hook::xdp {
    bpflink::ifindex ifindex;            ///< in the caller's network namespace
    xdp_mode mode = xdp_mode::automatic; ///< at most one
};

template <>
struct hook_traits<hook::xdp> : detail::of_kind<link_type::xdp> {
    static constexpr std::string_view name = "xdp";
    static constexpr std::array program_types{program_type::xdp};
    static constexpr std::array attach_types{attach_type::xdp};
    static constexpr kernel_version since{5, 9};
    using details = xdp_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {
        visit("ifindex", &hook::xdp::ifindex, field_use::required);
        visit("mode", &hook::xdp::mode, field_use::optional);
    }
    static detail::hook_row const& row() noexcept;
    static result<unique_fd> create(detail::borrowed_program prog, hook::xdp const& where);
    static result<match> is_at(hook::xdp const& where, detail::located_link const& l);
};

/// A link of hook::xdp.
using xdp_link = typed_link<hook::xdp>;

} // namespace bpflink
