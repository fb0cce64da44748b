// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hook/order.hpp"

#include <bpflink/hook/tcx.hpp>

namespace [[gnu::visibility("hidden")]] bpflink {

/// The program type that an attach type of tcx takes; unspec for others.
[[nodiscard]] inline program_type type_on_tcx(attach_type attach) noexcept {
    return attach == attach_type::tcx_ingress || attach == attach_type::tcx_egress
               ? program_type::sched_cls
               : program_type::unspec;
}

[[nodiscard]] inline on_device place_of(hook::tcx const& where) noexcept {
    return {.hook = hook_traits<hook::tcx>::name,
            .ifindex = where.ifindex,
            .attach = where.attach,
            .takes = type_on_tcx,
            .order = where.order,
            .expected_revision = where.expected_revision};
}

} // namespace bpflink
