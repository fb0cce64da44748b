// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/views/snapshot.hpp>

#include <variant>
#include <vector>

namespace bpflink {

/// Keys to find links by.
using link_criterion = std::variant<link_type, program_id, ifindex, cgroup_id, netns_inode, map_id>;

/// Whether a link is of the type, runs the program, or is on the target. Compares numbers, and asks
/// the kernel nothing. A record matches an ifindex in whichever network namespace the interface is;
/// find_links tells these apart, and so does link_record::netns.
[[nodiscard]] bool matches(link_record const& record, link_criterion const& by) noexcept;

/// Finds the links of a type, of a program, or on a target: `find_links(ifindex{2})`. In ascending
/// order of ids. To narrow further, filter the records: `*found | views::of_type(...)`.
///
/// An interface is one of the calling thread's network namespace. An interface of another namespace
/// may have the same index, so link_record::netns has to prove that the link is here. If that is
/// empty, a query of the interface proves links of tcx and netkit; unproven links of xdp are left
/// out. A cgroup's links are those on it, not those below, and the iterators that start at it.
/// @errors invalid_argument  0, which names nothing
///         permission_denied a link may not be looked at; whether it belongs to the answer is
///                           unknown
///         EMFILE, ENOMEM    of an interface: this thread's namespace, or that of a link which may
///                           be on it, could not be asked for just now
///         and as snapshot
/// @cost as snapshot; of an interface, 5 system calls more when a link has its index
[[nodiscard]] result<std::vector<link_record>> find_links(link_criterion const& by);

/// The same among the links that your own snapshotter sees. Those that it may not look at are left
/// out: snapshotter::unseen() tells of them.
[[nodiscard]] result<std::vector<link_record>> find_links(snapshotter& among,
                                                          link_criterion const& by);

} // namespace bpflink
