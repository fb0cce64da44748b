// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/hook/traits.hpp>
#include <bpflink/map_ref.hpp>

#include <array>

namespace bpflink {

/// A table of functions of the kernel's that BPF programs fill in, such as a TCP congestion control
/// or a scheduler. You attach the map that holds the table, not a program. It is of type struct_ops
/// and made with BPF_F_LINK (libbpf's section ".struct_ops.link"). Its value must be set:
/// bpf_map__attach_struct_ops() does that. Adopt libbpf's link with link::duplicate, or destroy it
/// and attach the map here. Another map of the same table updates the link.
/// @errors invalid_argument   another map, one without BPF_F_LINK (6.4) or value; a table that the
///                            kernel's subsystem does not take
///         already_exists     a table of that name is registered
///         hook_busy          the subsystem has one table at a time (a scheduler), or the map is
///                            attached already
///         not_found          the table's subject is not there (ENODEV, ENOENT)
///         not_supported      a table that links do not take, or a kernel without struct_ops; an
///                            update that this table does not take (EOPNOTSUPP)
///         E2BIG              the subsystem has as many tables as it takes
///         permission_denied  CAP_BPF or CAP_NET_ADMIN is missing
/// @kernel since 6.4, detach 6.11; kernel/bpf/bpf_struct_ops.c, bpf_struct_ops_link_create(); read
///         at v6.12
/// @cost 1 system call
struct hook::struct_ops {};

template <>
struct hook_traits<hook::struct_ops> : detail::of_kind<link_type::struct_ops> {
    static constexpr std::string_view name = "struct_ops";
    static constexpr std::array<program_type, 0> program_types{}; // a map
    static constexpr std::array attach_types{attach_type::struct_ops};
    static constexpr kernel_version since{6, 4};
    using details = struct_ops_details;

    static constexpr void each_field([[maybe_unused]] auto visit) {}
    static detail::hook_row const& row() noexcept;
    /// @param map  its descriptor stands where other hooks have a program's
    static result<unique_fd> create(detail::borrowed_program map, hook::struct_ops const& where);
    static result<match> is_at(hook::struct_ops const& where, detail::located_link const& l);
};

/// A link of hook::struct_ops.
using struct_ops_link = typed_link<hook::struct_ops>;

} // namespace bpflink
