// SPDX-License-Identifier: Apache-2.0
// A small daemon: it keeps an XDP program on an interface, by a pinned link. SIGHUP reads its
// configuration again and swaps the program; SIGTERM ends it. HTTP and systemd are told how it is.
#include "keeper.hpp"
#include "pages.hpp"
#include "server.hpp"

#include <bpflink/coro/asio.hpp>

#include <algorithm>
#include <asio.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <sysexits.h>
#include <system_error>
#include <systemd/sd-daemon.h>
#include <utility>

#include <CLI/CLI.hpp>

#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/file.h>

using namespace service;
namespace bl = bpflink;

namespace {

using namespace std::chrono_literals;

constexpr auto footer = //
    "SIGHUP reads the configuration again and swaps the program, SIGTERM ends it.\n"
    "\n"
    "Exit status: 0 after SIGTERM or SIGINT, and as <sysexits.h> has them\n"
    "  64  the command line is wrong\n"
    "  65  the kernel refuses the BPF object\n"
    "  66  the BPF object is not there, or lacks the program\n"
    "  69  the interface is not there, or another program is on it\n"
    "  71  the address cannot be listened on, or something else failed\n"
    "  73  the directory of pins cannot be used, or what is pinned there\n"
    "  75  another instance has these pins\n"
    "  77  privileges are missing: CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON\n"
    "  78  the configuration is wrong";

int status_of(bl::error const& why) {
    using enum bl::operation;
    if (why == bl::errc::permission_denied) return EX_NOPERM;
    if (why == bl::errc::timed_out) return EX_TEMPFAIL;
    switch (why.where()) {
    case prog_load: return EX_DATAERR;
    case open: return EX_NOINPUT;
    case resolve_interface:
    case link_create: return EX_UNAVAILABLE;
    case obj_pin:
    case obj_get:
    case identify:
    case stat:
    case mkdir:
    case flock: return EX_CANTCREAT;
    case read: return why == bl::errc::invalid_argument ? EX_CONFIG : EX_CANTCREAT;
    default: return EX_OSERR;
    }
}

// systemd is told, where it started the service.

void tell_ready(keeper const& kept) {
    auto const now = kept.status();
    auto const says = now.amiss.empty() ? "the program is on " + now.interface : now.amiss;
    ::sd_notifyf(0, "READY=1\nSTATUS=%s", says.c_str());
}

constexpr auto forget_link = "FDSTOREREMOVE=1\nFDNAME=link";

/// Has systemd hold the link too, while it starts the service again. The pin stays when the service
/// is stopped; this stays where somebody removes the pin meanwhile.
/// @param stored  the id of the one that it holds
void store(bl::link const* held, bl::link_id& stored) {
    auto const info = held ? held->info().map([](auto const& of) { return of.id; })
                           : bl::result<bl::link_id>{bl::link_id{}};
    if (!info || std::exchange(stored, *info) == *info) return;
    ::sd_notify(0, forget_link);
    if (!held) return;
    int const fd = held->fd().get();
    ::sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=link", &fd, 1);
}

/// The link that systemd held; empty on the first start. It may hand over other descriptors.
bl::link stored_link() {
    bl::link found;
    for (int fd = SD_LISTEN_FDS_START, end = fd + std::max(::sd_listen_fds(1), 0); fd != end; ++fd)
        if (auto held = bl::link::from_fd(bl::unique_fd{fd})) found = *std::move(held);
    return found;
}

/// Checks each second, and at once when an interface comes or goes. It never returns.
asio::awaitable<void> keep(keeper& kept, bl::watcher& links) {
    asio::steady_timer pause{co_await asio::this_coro::executor};
    bl::link_id stored{};
    for (std::string told;;) {
        ::sd_notify(0, "WATCHDOG=1");
        auto const seen = links.poll();
        if (seen) kept.count(*seen);
        static_cast<void>(kept.check()); // status() has the error
        store(kept.link(), stored);
        auto says = kept.status().amiss;
        if (says.empty() && !seen) says = seen.error().message();
        if (std::exchange(told, says) != says) { // the same is said once
            std::clog << (says.empty() ? "all is well again" : says) << '\n';
            tell_ready(kept);
        }
        if (co_await bl::async_ready(links.fd())) continue;
        pause.expires_after(1s); // there is no descriptor left
        co_await pause.async_wait(asio::use_awaitable);
    }
}

/// Reloads at each SIGHUP; returns after another signal.
asio::awaitable<void> obey(asio::signal_set& signals, keeper& kept, std::string path) {
    while (co_await signals.async_wait(asio::use_awaitable) == SIGHUP) {
        auto const now = std::chrono::steady_clock::now().time_since_epoch();
        ::sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", static_cast<long long>(now / 1us));
        auto const reloaded = kept.reload(read_configuration(path));
        std::clog << (reloaded ? "reloaded" : reloaded.error().message() + "; all stays as it is")
                  << '\n';
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

/// @errors hook_busy  a program is on the interface, by a link or without
bl::result<void> require_free(std::string const& interface) {
    auto const on = co_await bl::ifindex_of(interface);
    auto const there = co_await bl::query(bl::hook::xdp{.ifindex = on});
    if (there.entries.empty()) co_return;
    auto const its = std::to_string(there.entries.front().program.value());
    co_await tl::unexpected{bl::error{EBUSY, bl::operation::link_create, bl::errc::hook_busy,
                                      interface,
                                      "program " + its +
                                          " is on it: detach it, unless this service runs or "
                                          "systemd keeps its link"}};
}

/// Says what the service would do. Changes nothing.
/// @errors the obstacles to that
bl::result<void> check(std::string const& path) {
    auto const where = co_await read_configuration(path);
    co_await bl::link_set::open(where.pins);
    auto object = co_await load_object(where, false);
    keeper const kept{where, std::move(object)};
    auto const steps = co_await kept.plan();
    for (auto const& step : steps) {
        if (step.what == bl::step_kind::create) co_await require_free(step.name);
        std::cout << step << '\n';
    }
}

/// Runs the service until SIGTERM or SIGINT.
/// @errors the causes of an earlier end; exceptions as of serve_pages
bl::result<void> serve(std::string const& path) {
    asio::io_context loop{1};
    asio::signal_set signals{loop, SIGTERM, SIGINT, SIGHUP}; // before anything takes time
    auto where = co_await read_configuration(path);
    auto const alone = co_await lock(where.pins);
    auto object = co_await load_object(where, true);
    keeper kept{std::move(where), std::move(object), stored_link()};
    auto pages = serve_pages(loop, kept);
    auto links = co_await bl::watcher::start();
    co_await kept.plan();
    co_await kept.check();
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

    ::sd_notify(0, "STOPPING=1");
    pages.reset();
    loop.restart();
    loop.run_for(100ms); // for answers that are on their way
    if (!kept.where().keep) ::sd_notify(0, forget_link);
    if (auto const finished = kept.finish(); !finished) std::clog << finished.error() << '\n';
}

int ends(int status, std::string const& why) {
    std::cerr << why << '\n';
    return status;
}

} // namespace

int main(int count, char** arguments) {
    try {
        CLI::App app{"Keeps an XDP program on an interface, by a pinned BPF link.",
                     "bpflink-service"};
        std::string path;
        bool only_checks = false, is_verbose = false;
        app.set_version_flag("--version", "bpflink-service " + version_text());
        app.add_option("CONFIGURATION", path, "A file: see service.toml")->required();
        app.add_flag("--check", only_checks,
                     "Say what would be done, or what is wrong, and change nothing");
        app.add_flag("--verbose", is_verbose, "Show what libbpf and the kernel's verifier say");
        app.footer(footer);
        try {
            app.parse(count, arguments);
        } catch (CLI::Success const& asked) { // for help, or for the version
            return app.exit(asked);
        } catch (CLI::ParseError const& e) {
            return ends(EX_USAGE, std::string{e.what()} + "; see --help");
        }
        if (!is_verbose) ::libbpf_set_print(nullptr);
        auto const done = only_checks ? check(path) : serve(path);
        return done ? 0 : ends(status_of(done.error()), done.error().message());
    } catch (std::exception const& e) {
        return ends(EX_OSERR, e.what());
    }
}
