// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hook/order.hpp"

#include <bpflink/hook/tcx.hpp>

namespace [[gnu::visibility("hidden")]] bpflink {

[[nodiscard]] inline on_device place_of(hook::tcx const& where) noexcept {
    return {.hook = hook_traits<hook::tcx>::name,
            .ifindex = where.ifindex,
            .attach = where.attach,
            .takes = type_on<hook::tcx>,
            .order = where.order,
            .expected_revision = where.expected_revision};
}

} // namespace bpflink
