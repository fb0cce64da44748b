// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/link.hpp>

namespace bpflink::detail {

/// The one door to the private parts of the handles.
struct access {
    /// `fd` is known to be a link's.
    [[nodiscard]] static link make_link(unique_fd fd, pin_memory pins = {}) noexcept {
        return link{std::move(fd), std::move(pins)};
    }

    template <class Hook>
    [[nodiscard]] static typed_link<Hook> make_typed(link l) noexcept {
        return typed_link<Hook>{std::move(l)};
    }

    [[nodiscard]] static result<void> restore_pin(link& l);

    /// The same link by a duplicate, where there is something of its pin to restore; else empty.
    [[nodiscard]] static result<link> spare(link const& l);
};

} // namespace bpflink::detail
