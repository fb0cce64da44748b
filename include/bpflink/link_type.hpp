// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace bpflink {

/// The kind of a link, with the kernel's numbers and names, complete up to kernel 7.3.
/// A number that is not listed survives a round trip and prints as "unknown(number)".
/// @kernel include/uapi/linux/bpf.h, enum bpf_link_type
enum class link_type : unsigned {
    unspec = 0,
    raw_tracepoint = 1,
    tracing = 2,
    cgroup = 3,
    iter = 4,
    netns = 5,
    xdp = 6,
    perf_event = 7,
    kprobe_multi = 8,
    struct_ops = 9,
    netfilter = 10,
    tcx = 11,
    uprobe_multi = 12,
    netkit = 13,
    sockmap = 14,
    tracing_multi = 15,
};

/// The name as the kernel spells it, in lower case: "xdp", "kprobe_multi".
[[nodiscard]] std::string to_string(link_type type);

/// The inverse of to_string for listed types; empty for any other text.
[[nodiscard]] std::optional<link_type> parse_link_type(std::string_view name) noexcept;

/// Prints the name, as to_string.
std::ostream& operator<<(std::ostream& out, link_type type);

} // namespace bpflink
