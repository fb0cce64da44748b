// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/walk_view.hpp>
#include <bpflink/error.hpp>
#include <bpflink/ids.hpp>

#include <optional>

namespace bpflink {

namespace detail {

/// Steps from id to id. An error of this is an error of the whole walk: given once, then the end.
class id_walk {
public:
    explicit id_walk(link_id after) noexcept : last_{after} {}

    void next(std::optional<result<link_id>>& out);

private:
    friend class open_walk;
    [[nodiscard]] int step() noexcept;
    [[nodiscard]] error failed(int outcome) const;

    link_id last_;
    bool ended_ = false;
};

struct link_ids_source {
    using element = result<link_id>;
    link_id after;
    [[nodiscard]] id_walk start() const noexcept { return id_walk{after}; }
};

} // namespace detail

/// The input range of result<link_id> that link_ids() returns.
using link_ids_view = detail::walk_view<detail::link_ids_source>;

/// The ids of all links in the kernel, in ascending order, those greater than `after`.
/// Elements: result<link_id>; an error is the last element.
/// @errors permission_denied  CAP_SYS_ADMIN is missing
///         invalid_argument   `after` is INT_MAX or more
/// @kernel since 5.8; kernel/bpf/syscall.c, bpf_obj_get_next_id()
/// @cost 1 system call a link; no allocation
/// @threads  two views in two threads know nothing of each other
[[nodiscard]] link_ids_view link_ids(link_id after = {});

} // namespace bpflink
