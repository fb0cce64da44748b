// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/attach_type.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/link_type.hpp>

#include <optional>
#include <variant>

namespace bpflink {

/// What a link is on, where one number tells: none for the tracing kinds and netfilter. The number
/// is 0 when what it was on is gone, or the link was detached.
///
/// An ifindex is that of the device in its own network namespace, which the kernel does not tell.
using link_target = std::variant<std::monostate, ifindex, cgroup_id, netns_inode, map_id>;

/// The short form of link_info: of one size for every kind, without names and arrays.
struct link_record {
    link_id id;                         ///< the kernel's number of the link
    link_type type = link_type::unspec; ///< the kind
    program_id program;                 ///< 0 where the kernel has none (struct_ops)
    std::optional<attach_type> attach; ///< empty where the kind has several and no info tells which
    link_target target;                ///< empty where one number does not tell

    /// Whether all fields are the same.
    friend bool operator==(link_record const& a, link_record const& b) noexcept;
};

/// What a record keeps of an info.
[[nodiscard]] link_record record_of(link_info const& info);

/// The state as far as `record` shows it: as state_of(link_info const&).
[[nodiscard]] link_state state_of(link_record const& record) noexcept;

} // namespace bpflink
