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
#include <variant>

namespace bl = bpflink;
using namespace service;

namespace {

/// Checks each second, and at once when an interface comes or goes. It never returns.
asio::awaitable<void> keep(keeper& kept, interface_events const& events) {
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer tick{co_await asio::this_coro::executor};
    std::string told; // the same is said once
    for (;;) {
        events.drain();
        auto const checked = kept.check();
        std::string const says = checked ? "" : checked.error().message();
        if (says != told) std::clog << (checked ? "all is well again" : says) << '\n';
        told = says;
        tick.expires_after(std::chrono::seconds{1});
        auto const woke =
            co_await (bl::async_ready(events.fd()) || tick.async_wait(asio::use_awaitable));
        // Where waiting fails (there is no descriptor left), the tick remains.
        if (auto const* const ready = std::get_if<0>(&woke); ready && !*ready)
            co_await tick.async_wait(asio::use_awaitable);
    }
}

/// Reloads at each SIGHUP; returns after another signal, when all that is to be done is done.
asio::awaitable<void> obey(asio::signal_set& signals, keeper& kept, server& pages,
                           std::string path) {
    while (co_await signals.async_wait(asio::use_awaitable) == SIGHUP) {
        auto next = read_configuration(path);
        if (!next) {
            std::clog << next.error() << "; all stays as it is\n";
            continue;
        }
        auto const& now = kept.where();
        if (next->address != now.address || next->port != now.port)
            std::clog << "address and port are read at the start alone\n";
        auto const reloaded = kept.reload(*std::move(next));
        if (reloaded)
            std::clog << "reloaded\n";
        else
            std::clog << reloaded.error() << "; all stays as it is\n";
    }
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
    server pages{loop, kept};
    interface_events const events;

    std::exception_ptr failure;
    auto const ended = [&](std::exception_ptr e) {
        failure = e;
        loop.stop(); // at once: after finish() there must be no check
    };
    asio::co_spawn(loop, keep(kept, events), ended);
    asio::co_spawn(loop, obey(signals, kept, pages, path), ended);
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
