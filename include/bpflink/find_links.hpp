// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/views/snapshot.hpp>

#include <variant>
#include <vector>

namespace bpflink {

/// What links can be found by.
using link_criterion = std::variant<link_type, program_id, ifindex, cgroup_id, netns_inode, map_id>;

/// Whether a link is of the type, runs the program, or is on the target. A comparison of numbers,
/// with nothing asked of the kernel: a record matches an ifindex in whichever network namespace the
/// interface is. find_links tells these apart, and so does link_record::netns.
[[nodiscard]] bool matches(link_record const& record, link_criterion const& by) noexcept;

/// The links of a type, of a program, or on a target: `find_links(ifindex{2})`. In ascending order
/// of ids. What more is asked for, the records are filtered by: `*found | views::of_type(...)`.
///
/// An interface is one of the calling thread's network namespace. An interface of another namespace
/// may have the same index: what is found is proven to be here, by link_record::netns. Where that
/// is empty, a query of the interface proves links of tcx and netkit; links of xdp that nothing
/// proves are left out. A cgroup's are those on it and not those below, and the iterators that
/// start at it.
/// @errors invalid_argument  0, which names nothing
///         EMFILE, ENOMEM    of an interface: this thread's namespace, or that of a link which may
///                           be on it, could not be asked for just now
///         and as snapshot
/// @cost as snapshot; of an interface, 5 system calls more when a link has its index
[[nodiscard]] result<std::vector<link_record>> find_links(link_criterion const& by);

/// The same among the links that a snapshotter of one's own sees.
[[nodiscard]] result<std::vector<link_record>> find_links(snapshotter& among,
                                                          link_criterion const& by);

} // namespace bpflink
