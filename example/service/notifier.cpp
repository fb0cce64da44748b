// SPDX-License-Identifier: Apache-2.0
#include "notifier.hpp"

#include <asio/buffer.hpp>
#include <cstdlib>
#include <ctime>

namespace service {

notifier::notifier(asio::io_context& loop) : socket_{loop} {
    auto const* const name = std::getenv("NOTIFY_SOCKET");
    if (!name || !*name) return;
    std::string path{name};
    if (path.front() == '@') path.front() = '\0'; // an abstract one
    asio::error_code failure;
    static_cast<void>(socket_.connect(path, failure));
    if (!failure) static_cast<void>(socket_.non_blocking(true, failure));
    if (failure) static_cast<void>(socket_.close(failure));
}

void notifier::tell(std::string_view what) {
    asio::error_code failure;
    if (socket_.is_open()) socket_.send(asio::buffer(what.data(), what.size()), 0, failure);
}

void notifier::tell_reloading() {
    ::timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    auto const since_boot = now.tv_sec * 1'000'000 + now.tv_nsec / 1'000;
    tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(since_boot));
}

} // namespace service
