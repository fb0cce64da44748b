// SPDX-License-Identifier: Apache-2.0
#include "daemon.hpp"

#include "configuration.hpp"
#include "keeper.hpp"
#include "server.hpp"
#include "xdp_object.hpp"

#include <bpflink/coro/asio.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/lifecycle/link_set.hpp>
#include <bpflink/lifecycle/watcher.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <exception>
#include <filesystem>
#include <iostream>
#include <sysexits.h>
#include <system_error>
#include <systemd/sd-daemon.h>
#include <type_traits>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>

namespace service {
namespace bl = bpflink;

namespace {

using namespace std::chrono_literals;

/// The value of a result, or the end of the service.
/// @param status  unless privileges are missing
template <class T>
T or_end(bl::result<T> outcome, int status) {
    if (!outcome) {
        auto const& why = outcome.error();
        throw failure{why == bl::errc::permission_denied ? EX_NOPERM : status, why.message()};
    }
    if constexpr (!std::is_void_v<T>) return *std::move(outcome);
}

// Notifications to systemd; none where it did not start the service.

void tell_systemd(std::string const& what) {
    ::sd_notify(0, what.c_str());
}

void tell_ready(keeper const& kept) {
    auto const now = kept.status();
    tell_systemd("READY=1\nSTATUS=" +
                 (now.amiss.empty() ? "the program is on " + now.interface : now.amiss));
}

void tell_reloading() {
    auto const now = std::chrono::steady_clock::now().time_since_epoch();
    tell_systemd("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now / 1us));
}

/// Checks each second, and at once when an interface comes or goes. It never returns.
asio::awaitable<void> keep(keeper& kept, bl::watcher& links) {
    asio::steady_timer pause{co_await asio::this_coro::executor};
    std::string told, amiss; // the same is said once
    for (;;) {
        tell_systemd("WATCHDOG=1");
        // Where waiting fails, there is no descriptor left.
        if (auto const woke = co_await bl::async_ready(links.fd()); !woke) {
            pause.expires_after(1s);
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
        if (std::exchange(amiss, kept.status().amiss) != amiss) tell_ready(kept);
    }
}

/// Reloads at each SIGHUP; returns after another signal.
asio::awaitable<void> obey(asio::signal_set& signals, keeper& kept, std::string path) {
    while (co_await signals.async_wait(asio::use_awaitable) == SIGHUP) {
        tell_reloading();
        auto const reloaded = kept.reload(read_configuration(path));
        if (reloaded)
            std::clog << "reloaded\n";
        else
            std::clog << reloaded.error() << "; all stays as it is\n";
        tell_ready(kept);
    }
}

/// Keeps other instances from a directory of pins, in any namespaces, by flock(2) of a directory in
/// it: a bpffs has no files. However the process ends, the kernel lets it go.
/// @errors timed_out  another instance has it
///         and as link_set::open
bl::result<bl::unique_fd> lock(std::string const& pins) {
    co_await bl::link_set::open(pins); // says what is wrong with it
    auto const path = pins + "/%lock"; // no interface's pin has this name: see bpflink::pin_name
    std::error_code failure;
    std::filesystem::create_directories(path, failure);
    bl::unique_fd held{failure ? -1 : ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!held) {
        auto const number = failure ? failure.value() : errno;
        co_await tl::unexpected{bl::error{number, bl::operation::mkdir, path}};
    }
    if (::flock(held.get(), LOCK_EX | LOCK_NB) == 0) co_return std::move(held);
    co_return tl::unexpected{bl::error{errno, bl::operation::flock, bl::errc::timed_out, pins,
                                       "another instance has these pins: end it, or choose "
                                       "another directory"}};
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
    auto const where = or_end(read_configuration(path), EX_CONFIG);
    or_end(bl::link_set::open(where.pins), EX_CANTCREAT);
    keeper const kept{where, loaded(where, xdp_object::maps::own)};
    for (auto const& step : kept_or_end(kept.plan()))
        std::cout << step << '\n';
}

void serve(std::string const& path) {
    asio::io_context loop{1};
    asio::signal_set signals{loop, SIGTERM, SIGINT, SIGHUP}; // before anything takes time
    auto where = or_end(read_configuration(path), EX_CONFIG);
    auto locked = lock(where.pins);
    bool const is_taken = !locked && locked.error() == bl::errc::timed_out;
    auto const alone = or_end(std::move(locked), is_taken ? EX_TEMPFAIL : EX_CANTCREAT);
    auto object = loaded(where, xdp_object::maps::pinned);
    keeper kept{std::move(where), std::move(object)};
    auto pages = serve_pages(loop, kept);
    auto links = or_end(bl::watcher::start(), EX_OSERR);
    kept_or_end(kept.plan());
    kept_or_end(kept.check());
    tell_ready(kept);

    std::exception_ptr ending;
    auto const ended = [&](std::exception_ptr e) {
        ending = e;
        loop.stop();
    };
    asio::co_spawn(loop, keep(kept, links), ended);
    asio::co_spawn(loop, obey(signals, kept, path), ended);
    loop.run();
    if (ending) std::rethrow_exception(ending);

    tell_systemd("STOPPING=1");
    pages.reset();
    loop.restart();
    loop.run_for(100ms); // for answers that are on their way
    if (auto const finished = kept.finish(); !finished) std::clog << finished.error() << '\n';
}

} // namespace service
