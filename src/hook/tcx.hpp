// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "order.hpp"

#include <bpflink/hook/tcx.hpp>

#include <array>

namespace [[gnu::visibility("hidden")]] bpflink {

[[nodiscard]] inline on_device place_of(hook::tcx const& where) noexcept {
    static constexpr std::array allowed{attach_type::tcx_ingress, attach_type::tcx_egress};
    return {.hook = hook_traits<hook::tcx>::name,
            .ifindex = where.ifindex,
            .attach = where.attach,
            .allowed = allowed,
            .order = where.order,
            .expected_revision = where.expected_revision};
}

} // namespace bpflink
