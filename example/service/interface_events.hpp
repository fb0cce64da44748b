// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/fd.hpp>

namespace service {

/// Can be read when an interface of this network namespace came, went or changed.
class interface_events {
public:
    /// Throws std::system_error.
    interface_events();

    [[nodiscard]] bpflink::fd_view fd() const noexcept { return socket_; }

    /// Forgets what came so far: who is told looks for itself.
    void drain() const noexcept;

private:
    bpflink::unique_fd socket_;
};

} // namespace service
