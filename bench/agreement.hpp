// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/ids.hpp>

#include <span>

/// Walks in every way, by the library and by hand, and compares what they say of these links, which
/// exist throughout. Throws std::runtime_error when a walk misses one or two disagree.
void require_agreement(std::span<bpflink::link_id const> links);
