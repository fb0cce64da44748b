// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/error.hpp>
#include <bpflink/views/pins.hpp>

#include <functional>

namespace tool {

/// Calls `found` for every pinned link below any bpffs that is mounted here, and
/// `failed` for what cannot be read.
void for_each_pin(std::function<void(bpflink::pin_entry)> const& found,
                  std::function<void(bpflink::error const&)> const& failed);

} // namespace tool
