// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where among the programs of a hook a new one goes, for cgroup, netkit and tcx.

#include "border/uapi.hpp"
#include "error/refusal.hpp"
#include "object/nonzero_fd.hpp"

#include <bpflink/hook/order.hpp>

#include <array>
#include <cerrno>
#include <optional>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Writes order and revision into a request to attach, which what it returns has to outlive.
[[nodiscard]] result<nonzero_fd> put_order(uapi::link_create_attr& attr,
                                           std::optional<order> const& place,
                                           std::optional<revision> expected);

// Looks at what the order of a typed_request names. They say no where it names nothing.

[[nodiscard]] detail::finding anchor_is_closed(detail::attempt const& tried);
[[nodiscard]] detail::finding anchor_is_gone(detail::attempt const& tried);
[[nodiscard]] detail::finding anchor_is_elsewhere(detail::attempt const& tried);
[[nodiscard]] detail::finding anchor_is_not_of_a_classifier(detail::attempt const& tried);
[[nodiscard]] detail::finding anchor_is_not_a_link(detail::attempt const& tried);
[[nodiscard]] detail::finding anchor_may_differ_in_preorder(detail::attempt const& tried);

inline constexpr std::array order_causes{
    detail::refusal{ESTALE, errc::stale_revision, "the hook changed since its revision was read",
                    "query it again", "bpf_mprog_attach"},
    detail::refusal{EBADF, errc::invalid_argument, "{}, which the order names, is not open", "",
                    "bpf_mprog_tuple_relative", anchor_is_closed},
    detail::refusal{ENOENT, errc::not_found, "{}, which the order names, is gone",
                    "query the hook for what is there", "bpf_mprog_tuple_relative", anchor_is_gone},
    detail::refusal{ENOENT, errc::not_found, "{}, which the order names, is not on the hook",
                    "query the hook for what is there", "bpf_mprog_pos_before",
                    anchor_is_elsewhere},
    detail::refusal{EAGAIN, errc{}, "{}, which the order names, is not attached yet", "try again",
                    "bpf_link_by_id", anchor_is_elsewhere},
};

} // namespace bpflink
