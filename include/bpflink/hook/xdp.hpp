// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>
#include <bpflink/ids.hpp>

#include <array>

namespace bpflink {

/// Where an XDP program runs.
enum class xdp_mode : unsigned {
    automatic = 0, ///< in the driver where it can, else generic
    generic = 2,   ///< after the socket buffer was made: every device, slower (XDP_FLAGS_SKB_MODE)
    driver = 4,    ///< in the driver, or not at all (XDP_FLAGS_DRV_MODE)
    offload = 8,   ///< on the device itself, or not at all (XDP_FLAGS_HW_MODE)
};

/// The earliest point of a network interface's receive path. One link an interface and mode; it
/// does not hold the interface: when that goes, the link is defunct.
/// @errors hook_busy          another XDP link is there (EBUSY), or a program without a link
///         already_exists     another mode is in use (EEXIST)
///         not_found          no such interface in the caller's network namespace (EINVAL)
///         not_supported      the driver has no XDP in this mode (EOPNOTSUPP)
///         invalid_argument   the program was loaded for a devmap or cpumap
///         permission_denied  CAP_NET_ADMIN or CAP_BPF is missing
/// @kernel since 5.9; net/core/dev.c, bpf_xdp_link_attach(), dev_xdp_attach(); read at v6.12
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
};

/// A link of hook::xdp.
using xdp_link = typed_link<hook::xdp>;

} // namespace bpflink
