// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "order.hpp"

#include <bpflink/hook/netkit.hpp>

#include <array>

namespace [[gnu::visibility("hidden")]] bpflink {

[[nodiscard]] inline on_device place_of(hook::netkit const& where) noexcept {
    static constexpr std::array allowed{attach_type::netkit_primary, attach_type::netkit_peer};
    return {.hook = hook_traits<hook::netkit>::name,
            .ifindex = where.ifindex,
            .attach = where.attach,
            .allowed = allowed,
            .order = where.order,
            .expected_revision = where.expected_revision};
}

} // namespace bpflink
