// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/attach_type.hpp>
#include <bpflink/link_type.hpp>

#include <optional>

namespace [[gnu::visibility("hidden")]] bpflink {

/// The attach type of a link: `told` for the kinds whose info has it; else that of all links of the
/// kind, or none.
// Inline: a snapshot asks for each link.
[[nodiscard]] inline std::optional<attach_type>
attach_type_of(link_type type, std::optional<attach_type> told) noexcept {
    // The kernel's number for none, too.
    if (told == attach_type::cgroup_inet_ingress && type != link_type::cgroup) told.reset();
    switch (type) {
    case link_type::tracing:
    case link_type::cgroup:
    case link_type::netns:
    case link_type::tcx:
    case link_type::netkit:
    case link_type::sockmap:
    case link_type::tracing_multi: return told;
    case link_type::iter: return attach_type::trace_iter;
    case link_type::xdp: return attach_type::xdp;
    case link_type::perf_event: return attach_type::perf_event;
    case link_type::struct_ops: return attach_type::struct_ops;
    case link_type::netfilter: return attach_type::netfilter;
    default: return std::nullopt;
    }
}

} // namespace bpflink
