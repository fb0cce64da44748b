// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/fd.hpp>

#include <string>
#include <vector>

/// A link of a kind that not every kernel has.
struct optional_link {
    std::string name;
    bpflink::unique_fd fd; // empty where the kernel refused
    std::string missing;   // then why
};

/// Tries each kind that the library does not attach itself: tcx, netns, netfilter, sockmap,
/// perf_event, in the network namespace of the caller.
/// @param device  for tcx
[[nodiscard]] std::vector<optional_link> attach_other_kinds(unsigned device);
