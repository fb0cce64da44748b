// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/views/snapshot.hpp>

#include <variant>
#include <vector>

namespace bpflink {

/// What links can be found by.
using link_criterion = std::variant<link_type, program_id, ifindex, cgroup_id, netns_inode, map_id>;

/// Whether a link is of the type, runs the program, or is on the target: a predicate for ranges of
/// link_record.
class matches_criterion {
public:
    /// @param by  copied
    explicit matches_criterion(link_criterion by) noexcept : by_{by} {}
    /// Whether `record` meets the criterion.
    [[nodiscard]] bool operator()(link_record const& record) const noexcept;

private:
    link_criterion by_;
};

/// The links of a type, of a program, or on a target: `find_links(ifindex{2})`. In ascending order
/// of ids. What more is asked for, the records are filtered by: `*found | views::of_type(...)`.
///
/// An interface of another network namespace may have the same index, and its links are found too:
/// the kernel does not tell them apart. A cgroup's are those on it and not those below, and the
/// iterators that start at it.
/// @errors invalid_argument  0, which names nothing
///         and as snapshot
/// @cost as snapshot
[[nodiscard]] result<std::vector<link_record>> find_links(link_criterion const& by);

/// The same among the links that a snapshotter of one's own sees.
[[nodiscard]] result<std::vector<link_record>> find_links(snapshotter& among,
                                                          link_criterion const& by);

} // namespace bpflink
