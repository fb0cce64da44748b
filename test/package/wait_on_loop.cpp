// SPDX-License-Identifier: Apache-2.0
// Waits on an Asio loop, for a descriptor that needs no privilege, before it lists.
#include <bpflink/bpflink.hpp>
#include <bpflink/coro/asio.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <exception>
#include <iostream>

#include <sys/eventfd.h>

// After what it works with.
#include "list_links.hpp"

namespace {

asio::awaitable<int> list_when(bl::fd_view event, bool const& written) {
    auto const waited = co_await bl::async_ready(event);
    if (!waited) {
        std::cerr << waited.error() << '\n';
        co_return 1;
    }
    if (!written) {
        std::cerr << "the wait ended before there was anything to read\n";
        co_return 1;
    }
    co_return list_links();
}

} // namespace

int main() {
    bl::unique_fd const event{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    bool written = false;
    int status = 1;
    asio::io_context loop;
    asio::co_spawn(loop, list_when(event, written), [&](std::exception_ptr failure, int returned) {
        if (!failure) status = returned;
    });
    // After the coroutine's turn: it waits by then.
    asio::post(loop, [&] { written = ::eventfd_write(event.get(), 1) == 0; });
    loop.run();
    return status;
}
