// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/link_type.hpp>

#include <cstdint>

namespace instant {

/// How many links there are, and of which kind: xdp, or raw_tracepoint with a short name.
extern std::uint32_t live_links;
extern bpflink::link_type kind;

} // namespace instant
