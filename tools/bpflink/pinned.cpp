// SPDX-License-Identifier: Apache-2.0
#include "pinned.hpp"

#include <bpflink/views/pins.hpp>

#include <utility>

namespace tool {

void for_each_pin(std::function<void(bpflink::pin_entry)> const& found,
                  std::function<void(bpflink::error const&)> const& failed) {
    for (auto&& pin : bpflink::pins()) {
        if (pin)
            found(*std::move(pin));
        else
            failed(pin.error());
    }
}

} // namespace tool
