// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the hooks with several programs have in common.

#include "hook/create.hpp"
#include "object/nonzero_fd.hpp"

#include <bpflink/attach_type.hpp>
#include <bpflink/hook/order.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] bpflink {

/// Writes place and revision into a request to attach, which what it returns has to outlive.
/// @errors invalid_argument  revision 0
[[nodiscard]] result<nonzero_fd> put_order(uapi::link_create_attr& attr,
                                           std::optional<order> const& place,
                                           std::optional<revision> expected,
                                           std::string const& subject);

/// Whether a program is named, and not a link or an end.
[[nodiscard]] bool names_program(order const& place) noexcept;

/// What an errno says of place and revision; empty when it is of something else.
[[nodiscard]] std::string advice_on_order(int outcome);

/// Refuses an attach type that is not the hook's.
[[nodiscard]] result<void> check_attach_type(attach_type attach, attach_types_of_hook takes,
                                             std::string_view hook, operation where,
                                             std::string const& subject);

/// What tcx and netkit have in common.
struct on_device {
    std::string_view hook;
    bpflink::ifindex ifindex;
    std::optional<attach_type> attach;
    attach_types_of_hook takes;
    std::optional<bpflink::order> order = std::nullopt;
    std::optional<revision> expected_revision = std::nullopt;
};

[[nodiscard]] std::string describe(on_device const& where);
[[nodiscard]] result<unique_fd> create_on_device(detail::borrowed_program const& prog,
                                                 on_device where);

/// What both kinds of device say to attach and query alike; whatever `outcome` usually means, for
/// the rest.
[[nodiscard]] tl::unexpected<error> fail_on_device(int outcome, operation op,
                                                   on_device const& where, std::string subject);

} // namespace bpflink
