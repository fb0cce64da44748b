// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/ids.hpp>

#include <cstdint>
#include <vector>

namespace tool::on {

/// A BPF program that tc runs as a filter, cls_bpf: it is not a link.
struct tc_filter {
    bpflink::program_id program;
    std::uint32_t chain = 0;    ///< 0 runs first; others where a filter goes there
    std::uint32_t priority = 0; ///< lowest first
    std::uint32_t handle = 0;
    bool is_direct = false; ///< its answer is the packet's fate, and not a class
};

/// The filters of clsact, or of the ingress qdisc, in the order that they run in.
struct tc_filters {
    std::vector<tc_filter> ingress;
    std::vector<tc_filter> egress;
};

/// @param index  an interface of this thread's network namespace
[[nodiscard]] bpflink::result<tc_filters> tc_filters_of(bpflink::ifindex index);

} // namespace tool::on
