// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "counted.hpp"

#include <bpflink/fd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What to put probes on: events, and functions of this program by names that nothing else has.

inline constexpr std::string_view own_binary = "/proc/self/exe";
inline constexpr std::string_view first_probed = "bpflink_probed_first";
inline constexpr std::string_view second_probed = "bpflink_probed_second";

struct perf_event_attr;

/// A perf event of the first processor; empty, with errno, where there is none.
bpflink::unique_fd open_event(::perf_event_attr event);

/// The software clock, that overflows after so many nanoseconds.
bpflink::unique_fd open_clock(std::uint64_t period);

/// The event of a tracepoint, "group/name"; empty where there is none.
bpflink::unique_fd open_tracepoint(std::string const& name);

extern "C" int bpflink_probed_first(int x);
void call_first(int times);
void call_second(int times);

/// A probe's program that keeps the cookie; nothing, and a skipped case, where the kernel has none.
std::optional<counted_program> load_probe(bpflink::attach_type expected = {});
