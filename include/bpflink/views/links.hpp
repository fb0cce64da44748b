// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/link.hpp>
#include <bpflink/views/link_ids.hpp>

#include <optional>

namespace bpflink {

namespace detail {

/// Opens every link it steps to; those that are gone by then, or not attached yet, are left out.
class open_walk {
public:
    explicit open_walk(link_id after) noexcept : ids_{after} {}

    void next(std::optional<result<link>>& out);
    /// The id of the element that came last.
    [[nodiscard]] link_id last() const noexcept { return ids_.last_; }

private:
    friend class info_walk;
    template <class Element, class Use>
    void next(std::optional<result<Element>>& out, Use use);

    id_walk ids_;
};

struct links_source {
    using element = result<link>;
    link_id after;
    [[nodiscard]] open_walk start() const noexcept { return open_walk{after}; }
};

} // namespace detail

/// The input range of result<link> that links() returns.
using links_view = detail::walk_view<detail::links_source>;

/// All links in the kernel, in ascending order of ids, those greater than `after`. Each is opened
/// when it is looked at. It is closed (not detached) when the walk goes on, unless it was moved
/// out.
///
/// Elements: result<link>. A link that exists throughout the walk is always seen; one that vanishes
/// meanwhile, or is not attached yet, is left out. That a link cannot be opened is an element, and
/// the walk goes on; an error of the walk itself is the last element.
/// @errors permission_denied  CAP_SYS_ADMIN is missing (last element)
///         EMFILE             no descriptor is left (an element)
/// @kernel since 5.8; kernel/bpf/syscall.c, bpf_link_get_fd_by_id()
/// @cost 3 system calls a link (next id, open, close); no allocation
/// @threads  two views in two threads know nothing of each other
[[nodiscard]] links_view links(link_id after = {});

} // namespace bpflink
