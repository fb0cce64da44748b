// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "keeper.hpp"

#include <bpflink/views/snapshot.hpp>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <memory>

namespace service {

/// Serves /links, /metrics and /healthz over HTTP, on a loop of one thread.
class server {
public:
    /// Listens from now on.
    /// @param kept  borrowed, as the loop is
    /// Throws std::system_error when the address cannot be listened on.
    server(asio::io_context& loop, keeper const& kept);
    ~server();

    /// Listens no more, and waits for the answers that are on their way, a second at most.
    [[nodiscard]] asio::awaitable<void> close();

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace service
