// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/fd.hpp>
#include <bpflink/link.hpp>

namespace bpflink {

/// For your own loop: watch `fd()` for being read (EPOLLIN, and EPOLLHUP, which is always watched),
/// and ask `on_ready()` when it is.
class defunct_watch {
public:
    /// @param l  borrowed as long as the object lives; a struct_ops link, since 6.11
    explicit defunct_watch(link const& l) noexcept : link_{&l} {}
    explicit defunct_watch(link const&& l) = delete; // it would be closed before it is watched

    /// The link's descriptor, borrowed from it.
    [[nodiscard]] fd_view fd() const noexcept { return link_->fd(); }

    /// Whether the link is defunct; otherwise wait again.
    [[nodiscard]] bool on_ready() const { return link_->state() == link_state::defunct; }

private:
    link const* link_;
};

} // namespace bpflink
