// SPDX-License-Identifier: Apache-2.0
#include "daemon.hpp"

#include "configuration.hpp"
#include "failure.hpp"
#include "keeper.hpp"
#include "notifier.hpp"
#include "pins_lock.hpp"
#include "server.hpp"
#include "xdp_object.hpp"

#include <bpflink/coro/asio.hpp>
#include <bpflink/lifecycle/watcher.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <utility>

namespace service {
namespace bl = bpflink;

namespace {

void tell_ready(notifier& systemd, keeper const& kept) {
    auto const now = kept.status();
    auto const& how = now.amiss.empty() ? "the program is on " + now.interface : now.amiss;
    systemd.tell("READY=1\nSTATUS=" + how);
}

/// Checks each second, and at once when an interface comes or goes. It never returns.
asio::awaitable<void> keep(keeper& kept, bl::watcher& links, notifier& systemd) {
    asio::steady_timer pause{co_await asio::this_coro::executor};
    std::string told, amiss; // the same is said once
    for (;;) {
        systemd.tell("WATCHDOG=1");
        // Where waiting fails, there is no descriptor left.
        if (auto const woke = co_await bl::async_ready(links.fd()); !woke) {
            pause.expires_after(std::chrono::seconds{1});
            co_await pause.async_wait(asio::use_awaitable);
        }
        auto const seen = links.poll();
        if (seen) kept.count(*seen);
        auto const checked = kept.check();
        std::string says;
        if (!seen) says = seen.error().message();
        if (!checked) says = checked.error().message();
        if (says != told) std::clog << (says.empty() ? "all is well again" : says) << '\n';
        told = says;
        if (std::exchange(amiss, kept.status().amiss) != amiss) tell_ready(systemd, kept);
    }
}

/// Reads the configuration again, and does as it says now.
void reload(keeper& kept, std::string const& path) {
    auto next = read_configuration(path);
    if (!next) {
        kept.count_failed_reload();
        std::clog << next.error() << "; all stays as it is\n";
        return;
    }
    auto const& now = kept.where();
    if (next->pins != now.pins || next->address != now.address || next->port != now.port)
        std::clog << "pins, address and port are read at the start alone\n";
    next->pins = now.pins;
    auto const reloaded = kept.reload(*std::move(next));
    if (reloaded)
        std::clog << "reloaded\n";
    else
        std::clog << reloaded.error() << "; all stays as it is\n";
}

/// Reloads at each SIGHUP; returns after another signal, when all that is to be done is done.
asio::awaitable<void> obey(asio::signal_set& signals, keeper& kept, server& pages,
                           notifier& systemd, std::string path) {
    while (co_await signals.async_wait(asio::use_awaitable) == SIGHUP) {
        systemd.tell_reloading();
        reload(kept, path);
        tell_ready(systemd, kept);
    }
    systemd.tell("STOPPING=1");
    co_await pages.close();
    auto const finished = kept.finish();
    if (!finished) std::clog << finished.error() << '\n';
}

configuration configured(std::string const& path) {
    auto read = read_configuration(path);
    if (!read) throw failure{EX_CONFIG, read.error()};
    return *std::move(read);
}

xdp_object loaded(configuration const& from, xdp_object::maps maps) {
    auto object = xdp_object::load(from, maps);
    bool const is_refused = !object && object.error().where() == bl::operation::prog_load;
    return or_end(std::move(object), is_refused ? EX_DATAERR : EX_NOINPUT);
}

/// The result of a keeper, or the end: by the interface, or by the pins.
template <class T>
T kept_or_end(bl::result<T> outcome) {
    bool const is_interface =
        !outcome && (outcome.error().where() == bl::operation::resolve_interface ||
                     outcome.error().where() == bl::operation::link_create);
    return or_end(std::move(outcome), is_interface ? EX_UNAVAILABLE : EX_CANTCREAT);
}

} // namespace

void check(std::string const& path) {
    auto const where = configured(path);
    or_end(bl::link_set::open(where.pins), EX_CANTCREAT);
    keeper const kept{where, loaded(where, xdp_object::maps::own)};
    for (auto const& step : kept_or_end(kept.plan()))
        std::cout << step << '\n';
}

void serve(std::string const& path) {
    asio::io_context loop{1};
    asio::signal_set signals{loop, SIGTERM, SIGINT, SIGHUP}; // before anything takes time
    notifier systemd{loop};
    auto where = configured(path);
    auto locked = lock_pins(where.pins);
    bool const is_taken = !locked && locked.error() == bl::errc::timed_out;
    auto const lock = or_end(std::move(locked), is_taken ? EX_TEMPFAIL : EX_CANTCREAT);
    auto object = loaded(where, xdp_object::maps::pinned);
    keeper kept{std::move(where), std::move(object)};
    server pages{loop, kept};
    auto links = or_end(bl::watcher::start(), EX_OSERR);
    kept_or_end(kept.plan());
    kept_or_end(kept.check());
    tell_ready(systemd, kept);

    std::exception_ptr ending;
    auto const ended = [&](std::exception_ptr e) {
        ending = e;
        loop.stop(); // at once: after finish() there must be no check
    };
    asio::co_spawn(loop, keep(kept, links, systemd), ended);
    asio::co_spawn(loop, obey(signals, kept, pages, systemd, path), ended);
    loop.run();
    if (ending) std::rethrow_exception(ending);
}

} // namespace service
