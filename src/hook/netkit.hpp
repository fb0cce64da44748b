// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hook/order.hpp"

#include <bpflink/hook/netkit.hpp>

namespace [[gnu::visibility("hidden")]] bpflink {

/// The program type that an attach type of netkit takes; unspec for others.
[[nodiscard]] inline program_type type_on_netkit(attach_type attach) noexcept {
    return attach == attach_type::netkit_primary || attach == attach_type::netkit_peer
               ? program_type::sched_cls
               : program_type::unspec;
}

[[nodiscard]] inline on_device place_of(hook::netkit const& where) noexcept {
    return {.hook = hook_traits<hook::netkit>::name,
            .ifindex = where.ifindex,
            .attach = where.attach,
            .takes = type_on_netkit,
            .order = where.order,
            .expected_revision = where.expected_revision};
}

} // namespace bpflink
