// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/probe_details.hpp>

#include <string>

namespace tool {

/// The name that bpftool has for an event; a part without a name is empty.
struct perf_names {
    std::string type;
    std::string config;
};
[[nodiscard]] perf_names name_of(bpflink::perf_counter const& event);

} // namespace tool
