// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "counted.hpp"

#include <optional>
#include <string_view>

// Functions of this program to put probes on, by names that nothing else has.

inline constexpr std::string_view self = "/proc/self/exe";
inline constexpr std::string_view first = "bpflink_probed_first";
inline constexpr std::string_view second = "bpflink_probed_second";

void call_first(int times);
void call_second(int times);

/// A probe's program that keeps the cookie; nothing, and a skipped case, where the kernel has none.
std::optional<counted_program> load_probe(bpflink::attach_type expected = {});
