// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "keeper.hpp"

#include <asio/io_context.hpp>
#include <memory>

namespace service {

/// Serves /links, /metrics and /healthz over HTTP, on a loop of one thread, until the result is
/// destroyed. Answers that are on their way are sent still, while the loop runs.
/// @param loop  borrowed
/// @param kept  borrowed
/// Throws std::system_error when the address cannot be listened on.
[[nodiscard]] std::shared_ptr<void> serve_pages(asio::io_context& loop, keeper const& kept);

} // namespace service
