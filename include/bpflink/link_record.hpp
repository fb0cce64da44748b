// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/attach_type.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/link_type.hpp>
#include <bpflink/place.hpp>

#include <optional>

namespace bpflink {

/// The short form of link_info: of one size for every kind, without names and arrays.
struct link_record {
    link_id id; ///< the kernel's number of the link
    /// The kind. unspec where this process may not look at the link: then only the id is known.
    link_type type = link_type::unspec;
    program_id program;                ///< 0 where the kernel has none (struct_ops)
    std::optional<attach_type> attach; ///< empty where the kind has several and no info tells which
    place target;                      ///< empty where one number does not tell
    /// The network namespace of an xdp, tcx or netkit link's device, of a netfilter link, or
    /// the one that a netns link is on. A device can be moved: the namespace is the present one.
    /// Empty for other kinds, and where nothing tells; 0 when that is gone, as in `target`.
    ///
    /// A program of the library's own reads it: see snapshotter. The kernel's info of a link does
    /// not have it, so that record_of(link_info const&) fills it for netns links alone, and with 0.
    /// @kernel since 5.10, by BPF_PROG_TEST_RUN; netfilter since 6.4
    std::optional<netns_inode> netns = std::nullopt;

    /// Whether all fields are the same.
    friend bool operator==(link_record const& a, link_record const& b) noexcept;
};

/// The part of an info that a record keeps.
[[nodiscard]] link_record record_of(link_info const& info);

/// The state as far as `record` shows it: as state_of(link_info const&), and that of a netfilter
/// link where its namespace is told.
[[nodiscard]] link_state state_of(link_record const& record) noexcept;

} // namespace bpflink
