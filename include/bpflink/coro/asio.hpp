// SPDX-License-Identifier: Apache-2.0
#pragma once

// Awaitables for the few events that links have, on an Asio loop (standalone Asio, 1.22 or newer).
// The only header that needs Asio, and not part of bpflink.hpp: link bpflink::asio.
//
// Time limits and cancellation are Asio's own: awaitable operators and cancellation slots. A
// cancelled wait returns an error whose errno is ECANCELED, and has read nothing. In a
// coroutine that was cancelled, Asio throws at the next co_await of an awaitable, unless it has
// awaited this_coro::throw_if_cancelled(false) or this_coro::reset_cancellation_state().

#include <bpflink/defunct_watch.hpp>
#include <bpflink/detail/wait.hpp>
#include <bpflink/iter_output.hpp>
#include <bpflink/lifecycle/watcher.hpp>
#include <bpflink/link.hpp>

#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#if !defined(ASIO_HAS_CO_AWAIT)
#error "Asio finds no coroutines: define ASIO_HAS_CO_AWAIT=1, or link bpflink::asio, which does"
#endif

namespace bpflink {

/// Waits until a descriptor can be read or its object has ended: that of a BPF ring buffer, a perf
/// event or a struct_ops link. For a ring buffer, that is the map's or libbpf's
/// ring_buffer__epoll_fd(). Data that is there already ends the wait at once, so nothing has to be
/// drained before.
/// @param fd  borrowed until the wait ends; closed before that, it is not waited for any more
/// @errors not_supported  the kernel cannot wait for it (EPERM), as for other kinds of link
///         EMFILE         no descriptor is left to wait by
///         ECANCELED      cancelled
/// @kernel fs/eventpoll.c, do_epoll_ctl()
/// @cost 3 system calls, and those of the loop
[[nodiscard]] inline asio::awaitable<result<void>> async_ready(fd_view fd) {
    auto watching = detail::watched(fd);
    if (!watching) co_return tl::unexpected{std::move(watching).error()};
    asio::error_code failure;
    auto const executor = co_await asio::this_coro::executor;
    asio::posix::stream_descriptor waiting{executor};
    waiting.assign(watching->get(), failure);
    if (failure) co_return tl::unexpected{detail::not_waited(failure.value(), fd)};
    static_cast<void>(watching->release());
    co_await waiting.async_wait(asio::posix::descriptor_base::wait_read,
                                asio::redirect_error(asio::use_awaitable, failure));
    if (failure) co_return tl::unexpected{detail::not_waited(failure.value(), fd)};
    co_return result<void>{};
}

/// Waits until a struct_ops link is defunct: detached by whomever, or by the kernel.
/// @param l  borrowed until the wait ends
/// @errors as async_ready
/// @kernel since 6.11; kernel/bpf/bpf_struct_ops.c, bpf_struct_ops_map_link_poll()
/// @cost as async_ready, and 1 system call
[[nodiscard]] inline asio::awaitable<result<void>> async_defunct(link const& l) {
    while (l.state() != link_state::defunct) {
        auto ready = co_await async_ready(l.fd());
        if (!ready) co_return ready;
    }
    co_return result<void>{};
}
asio::awaitable<result<void>> async_defunct(link const&& l) = delete; // it waits later

/// Waits until a look of a watcher finds a change.
/// @param w  borrowed until the wait ends
/// @return the changes, never empty; valid until the next look
/// @errors as watcher::poll and async_ready; the next wait reports what this one could not
///         ECANCELED  cancelled; nothing is lost
/// @cost as async_ready, for each look
[[nodiscard]] inline asio::awaitable<result<std::span<link_event const>>> async_next(watcher& w) {
    for (;;) {
        auto events = w.poll(); // a range may have left some
        if (!events || !events->empty()) co_return events;
        auto ready = co_await async_ready(w.fd());
        if (!ready) co_return tl::unexpected{std::move(ready).error()};
    }
}
asio::awaitable<result<std::span<link_event const>>>
async_next(watcher&&) = delete; // it waits later

/// Reads the next bytes of an iterator's output, after whatever else waits on the loop. During the
/// read the program runs, and nothing else runs on this thread.
/// @param from  borrowed until the read ends
/// @param into  at most this many bytes, borrowed as well; 0 at the end
/// @errors as iter_output::read
///         ECANCELED  cancelled before the read; another one goes on where the last one ended. A
///                    coroutine is cancelled once, until its state is reset
/// @cost 1 system call, and a turn of the loop
[[nodiscard]] inline asio::awaitable<result<std::size_t>> async_read(iter_output& from,
                                                                     std::span<std::byte> into) {
    auto const state = co_await asio::this_coro::cancellation_state;
    auto const executor = co_await asio::this_coro::executor;
    auto const before = state.cancelled();
    co_await asio::post(executor, asio::use_awaitable);
    if ((state.cancelled() & ~before) != asio::cancellation_type::none)
        co_return tl::unexpected{detail::not_waited(ECANCELED, from.fd())};
    co_return from.read(into);
}

/// The lines of an iterator's output, one a call, with a turn of the loop before each read.
class async_lines {
public:
    /// @param from  borrowed as long as the object lives
    explicit async_lines(iter_output& from) : from_{&from}, walk_{from.lines().source().start()} {}

    /// The next line without its end, valid until the next call; empty at the end.
    /// @errors as iter_output::read; there are no lines after one
    ///         ECANCELED  cancelled before a read; the next call goes on
    [[nodiscard]] asio::awaitable<result<std::optional<std::string_view>>> next() {
        if (!walk_.has_line()) {
            auto const state = co_await asio::this_coro::cancellation_state;
            auto const executor = co_await asio::this_coro::executor;
            auto const before = state.cancelled();
            co_await asio::post(executor, asio::use_awaitable);
            if ((state.cancelled() & ~before) != asio::cancellation_type::none)
                co_return tl::unexpected{detail::not_waited(ECANCELED, from_->fd())};
        }
        std::optional<result<std::string_view>> line;
        walk_.next(line);
        if (!line) co_return std::nullopt;
        if (!*line) co_return tl::unexpected{std::move(*line).error()};
        co_return **line;
    }

private:
    iter_output* from_;
    detail::output_walk walk_;
};

} // namespace bpflink
