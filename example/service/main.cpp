// SPDX-License-Identifier: Apache-2.0
// A small daemon: it keeps an XDP program on an interface, by a pinned link. SIGHUP reads its
// configuration again and swaps the program; SIGTERM ends it. GET /links and /metrics tell what is.
#include "configuration.hpp"
#include "interface_events.hpp"
#include "keeper.hpp"
#include "server.hpp"
#include "xdp_object.hpp"

#include <bpflink/coro/asio.hpp>

#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>

namespace bl = bpflink;
using namespace service;

namespace {

/// Reloads at each SIGHUP; returns at another signal.
asio::awaitable<void> obey(asio::signal_set& signals, keeper& kept, std::string path) {
    while (co_await signals.async_wait(asio::use_awaitable) == SIGHUP) {
        auto next = read_configuration(path);
        if (!next) {
            std::clog << next.error() << "; all stays as it is\n";
            continue;
        }
        auto const reloaded = kept.reload(*std::move(next));
        if (reloaded)
            std::clog << "reloaded\n";
        else
            std::clog << reloaded.error() << "; all stays as it is\n";
    }
}

/// Checks each second, and at once when an interface comes or goes. It never returns.
asio::awaitable<void> keep(keeper& kept) {
    using namespace asio::experimental::awaitable_operators;
    interface_events const events;
    asio::steady_timer tick{co_await asio::this_coro::executor};
    std::string told; // the same is said once
    for (;;) {
        events.drain();
        auto const checked = kept.check();
        std::string const says = checked ? "" : checked.error().message();
        if (says != told) std::clog << (checked ? "all is well again" : says) << '\n';
        told = says;
        tick.expires_after(std::chrono::seconds{1});
        co_await (bl::async_ready(events.fd()) || tick.async_wait(asio::use_awaitable));
    }
}

asio::awaitable<void> run(asio::io_context& loop, asio::signal_set& signals, keeper& kept,
                          std::string path) {
    using namespace asio::experimental::awaitable_operators;
    server pages{loop, kept};
    co_await (obey(signals, kept, path) || keep(kept));
    co_await pages.close();
    auto const finished = kept.finish();
    if (!finished) std::clog << finished.error() << '\n';
}

void serve(std::string const& path) {
    asio::io_context loop{1};
    asio::signal_set signals{loop, SIGTERM, SIGINT, SIGHUP}; // before anything takes time
    auto where = read_configuration(path);
    if (!where) throw std::runtime_error{where.error()};
    auto object = xdp_object::load(*where);
    if (!object) throw std::runtime_error{object.error().message()};
    keeper kept{*std::move(where), *std::move(object)};

    std::exception_ptr failure;
    asio::co_spawn(loop, run(loop, signals, kept, path), [&](std::exception_ptr e) {
        failure = e;
        loop.stop(); // connections that are kept open are not waited for
    });
    loop.run();
    if (failure) std::rethrow_exception(failure);
}

} // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::cerr << "usage: service CONFIGURATION\n";
        return 2;
    }
    try {
        serve(arguments[1]);
    } catch (std::exception const& e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
}
