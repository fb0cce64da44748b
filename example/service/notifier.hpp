// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/io_context.hpp>
#include <asio/local/datagram_protocol.hpp>
#include <string>
#include <string_view>

namespace service {

/// Tells systemd how the service is, as sd_notify(3) does: a datagram to $NOTIFY_SOCKET. Without
/// that variable it does nothing.
class notifier {
public:
    /// @param loop  borrowed
    explicit notifier(asio::io_context& loop);

    /// @param what  "READY=1", and more lines; one that cannot be sent is lost
    void tell(std::string_view what);

    /// Tells that it starts to reload; "READY=1" ends that.
    void tell_reloading();

private:
    asio::local::datagram_protocol::socket socket_;
};

} // namespace service
