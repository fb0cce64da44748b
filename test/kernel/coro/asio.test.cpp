// SPDX-License-Identifier: Apache-2.0
#include "congestion.hpp"
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "ring.bpf.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>
#include <bpflink/coro/asio.hpp>

#include <array>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using steady = std::chrono::steady_clock;

void rethrow(std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
}

/// What a coroutine returns, run to its end on a loop of its own.
template <class T>
T run(asio::awaitable<T> what) {
    asio::io_context loop;
    std::optional<T> value;
    asio::co_spawn(loop, std::move(what), [&](std::exception_ptr failure, T result) {
        rethrow(failure);
        value.emplace(std::move(result));
    });
    loop.run();
    REQUIRE(value.has_value());
    return *std::move(value);
}

asio::awaitable<void> sleep(std::chrono::milliseconds time) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    timer.expires_after(time);
    co_await timer.async_wait(asio::use_awaitable);
}

/// A ring buffer that gets the next number each time that send() is called.
class ring {
public:
    ring() {
        auto const file = bpf_objects::ring();
        object_.reset(::bpf_object__open_mem(file.data(), file.size(), nullptr));
        REQUIRE(object_);
        REQUIRE(::bpf_object__load(object_.get()) == 0);
        auto const* const prog = ::bpf_object__next_program(object_.get(), nullptr);
        using iterator = bl::program_ref<bl::program_type::tracing>;
        link_ = must(bl::attach(must(iterator::from(prog)), bl::hook::iter{}));
        note_own_program(must(link_.info()).program.value());
        buffer_.reset(::ring_buffer__new(
            ::bpf_object__find_map_fd_by_name(object_.get(), "ring"),
            [](void* got, void* data, std::size_t) {
                static_cast<std::vector<std::uint64_t>*>(got)->push_back(
                    *static_cast<std::uint64_t*>(data));
                return 0;
            },
            &got_, nullptr));
        REQUIRE(buffer_);
    }

    [[nodiscard]] bl::fd_view fd() const {
        return bl::fd_view{::ring_buffer__epoll_fd(buffer_.get())};
    }
    void send() const {
        auto output = must(link_.open());
        static_cast<void>(must(output.read_all()));
    }
    std::vector<std::uint64_t> consume() {
        ::ring_buffer__consume(buffer_.get());
        return std::exchange(got_, {});
    }

private:
    struct closer {
        void operator()(::bpf_object* object) const noexcept { ::bpf_object__close(object); }
        void operator()(::ring_buffer* buffer) const noexcept { ::ring_buffer__free(buffer); }
    };
    std::unique_ptr<::bpf_object, closer> object_;
    bl::iter_link link_;
    std::unique_ptr<::ring_buffer, closer> buffer_;
    std::vector<std::uint64_t> got_;
};

asio::awaitable<std::vector<std::uint64_t>> receive(ring& from, std::size_t count) {
    std::vector<std::uint64_t> all;
    while (all.size() < count) {
        must(co_await bl::async_ready(from.fd()));
        for (auto const number : from.consume())
            all.push_back(number);
    }
    co_return all;
}

asio::awaitable<void> send(ring const& to, std::size_t count) {
    for (std::size_t i = 0; i != count; ++i) {
        if (i % 3 == 0) co_await sleep(1ms);
        to.send();
    }
}

} // namespace

TEST_CASE_FIXTURE(kernel_case, "on a loop, a ring buffer's numbers arrive as they are sent") {
    constexpr std::size_t count = 100;
    ring numbers;
    std::vector<std::uint64_t> expected;
    for (std::uint64_t i = 0; i != count; ++i)
        expected.push_back(i);
    auto const both = [&]() -> asio::awaitable<std::vector<std::uint64_t>> {
        co_return co_await (receive(numbers, count) && send(numbers, count));
    };
    CHECK(run(both()) == expected);

    // What is there already is met without anything new.
    numbers.send();
    CHECK(run(receive(numbers, 1)) == std::vector<std::uint64_t>{count});
}

TEST_CASE_FIXTURE(kernel_case, "on a loop, a wait ends with its time limit") {
    ring const numbers;
    auto const start = steady::now();
    auto const first = run([&]() -> asio::awaitable<std::size_t> {
        auto const ended = co_await (bl::async_ready(numbers.fd()) || sleep(20ms));
        co_return ended.index();
    }());
    CHECK(first == 1);
    CHECK(steady::now() - start >= 20ms);
    CHECK(steady::now() - start < sandbox::patience);
}

TEST_CASE_FIXTURE(kernel_case, "on a loop, a wait that is cancelled says so") {
    ring const numbers;
    asio::io_context loop;
    asio::cancellation_signal stop;
    std::optional<bl::result<void>> outcome;
    asio::co_spawn(loop, bl::async_ready(numbers.fd()),
                   asio::bind_cancellation_slot(
                       stop.slot(), [&](std::exception_ptr failure, bl::result<void> ended) {
                           rethrow(failure);
                           outcome.emplace(std::move(ended));
                       }));
    asio::steady_timer later{loop, 5ms};
    later.async_wait([&](asio::error_code) { stop.emit(asio::cancellation_type::terminal); });
    loop.run();
    REQUIRE(outcome);
    REQUIRE_FALSE(*outcome);
    CHECK(outcome->error().code().value() == ECANCELED);
    CHECK(outcome->error().where() == bl::operation::poll);
}

TEST_CASE_FIXTURE(kernel_case, "on a loop, what is cancelled before it reads has read nothing") {
    programs const p{"iter_tasks"};
    auto const l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    auto const whole = must(must(l.open()).read_all());
    std::array<std::byte, 256> buffer;
    auto output = must(l.open());
    bl::async_lines lines{output};
    auto const cancel = [&]<class T>(asio::awaitable<bl::result<T>> what) {
        asio::io_context loop;
        asio::cancellation_signal stop;
        std::optional<bl::result<T>> outcome;
        asio::co_spawn(loop, std::move(what),
                       asio::bind_cancellation_slot(
                           stop.slot(), [&](std::exception_ptr failure, bl::result<T> ended) {
                               rethrow(failure);
                               outcome.emplace(std::move(ended));
                           }));
        loop.poll_one(); // it has begun, and waits for its turn
        REQUIRE_FALSE(outcome);
        stop.emit(asio::cancellation_type::terminal);
        loop.run();
        REQUIRE(outcome);
        REQUIRE_FALSE(*outcome);
        CHECK(outcome->error().code().value() == ECANCELED);
    };
    cancel(bl::async_read(output, buffer));
    cancel(lines.next());
    CHECK(must(run(lines.next())) == whole.substr(0, whole.find('\n')));

    // Who goes on although cancelled, goes on.
    auto const goes_on = [&]() -> asio::awaitable<bl::result<std::size_t>> {
        co_await asio::this_coro::throw_if_cancelled(false);
        auto const refused = co_await bl::async_read(output, buffer);
        CHECK_FALSE(refused);
        auto again = must(l.open());
        co_return co_await bl::async_read(again, buffer);
    };
    asio::io_context loop;
    asio::cancellation_signal stop;
    std::size_t count = 0;
    asio::co_spawn(loop, goes_on(),
                   asio::bind_cancellation_slot(
                       stop.slot(), [&](std::exception_ptr failure, bl::result<std::size_t> ended) {
                           rethrow(failure);
                           count = must(ended);
                       }));
    loop.poll_one();
    stop.emit(asio::cancellation_type::terminal);
    loop.run();
    CHECK(count > 0);
}

TEST_CASE_FIXTURE(kernel_case, "on a loop, what is waited for stays as blocking as it was") {
    std::array<int, 2> ends;
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    bl::unique_fd const out{ends[0]};
    bl::unique_fd in{ends[1]};
    REQUIRE(::write(in.get(), "a", 1) == 1);
    must(run(bl::async_ready(out)));
    CHECK((::fcntl(out.get(), F_GETFL) & O_NONBLOCK) == 0);
    char read = 0;
    CHECK(::read(out.get(), &read, 1) == 1);

    // And its end is met.
    auto const waits = [&]() -> asio::awaitable<bl::result<void>> {
        auto const close = [&]() -> asio::awaitable<void> {
            co_await sleep(5ms);
            in.reset();
        };
        co_return co_await (bl::async_ready(out) && close());
    };
    must(run(waits()));
    CHECK(::read(out.get(), &read, 1) == 0);
}

TEST_CASE_FIXTURE(kernel_case, "on a loop, what cannot be waited for is refused") {
    programs const p{"iter_tasks"};
    auto const l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    check_error(run(bl::async_ready(l.fd())), bl::errc::not_supported, {"struct_ops"});
    check_error(run(bl::async_ready(bl::fd_view{987'654})), bl::errc::invalid_argument, {"987654"});
}

TEST_CASE_FIXTURE(kernel_case, "on a loop, the end of a struct_ops link is met") {
    congestion_control const control;
    if (!control) return skip_case(control.reason());
    auto l = must(bl::link::duplicate(control.link()));
    auto detacher = must(bl::link::duplicate(control.link()));
    bl::defunct_watch const watch{l};
    CHECK_FALSE(watch.on_ready());
    auto const refused = run([&]() -> asio::awaitable<bl::result<void>> {
        auto const ended = co_await (bl::async_defunct(l) || sleep(20ms));
        if (ended.index() == 1) co_return bl::result<void>{};
        co_return std::get<0>(ended);
    }());
    if (!refused && refused.error() == bl::errc::not_supported)
        return skip_case("the kernel cannot wait for struct_ops links");
    must(refused);

    auto const start = steady::now();
    auto const met = run([&]() -> asio::awaitable<bl::result<void>> {
        auto const detach_later = [&]() -> asio::awaitable<void> {
            co_await sleep(10ms);
            must(detacher.detach());
        };
        co_return co_await (bl::async_defunct(l) && detach_later());
    }());
    must(met);
    CHECK(steady::now() - start >= 10ms);
    CHECK(watch.on_ready());
    must(run(bl::async_defunct(l))); // at once

    // And without Asio.
    bl::unique_fd const loop{::epoll_create1(EPOLL_CLOEXEC)};
    ::epoll_event wanted{};
    wanted.events = EPOLLIN;
    REQUIRE(::epoll_ctl(loop.get(), EPOLL_CTL_ADD, watch.fd().get(), &wanted) == 0);
    ::epoll_event ready{};
    REQUIRE(::epoll_wait(loop.get(), &ready, 1, 1'000) == 1);
    CHECK((ready.events & EPOLLHUP) != 0);
}

TEST_CASE_FIXTURE(kernel_case, "on a loop, a watcher's changes arrive, and cancelling loses none") {
    programs const p{"iter_tasks"};
    auto started = bl::watcher::start({.period = 10ms});
    if (!started && started.error() == bl::errc::not_supported)
        return skip_case(started.error().message());
    auto w = must(std::move(started));
    auto const waits_for = [&](bl::link_id id) -> asio::awaitable<bl::link_change> {
        for (;;)
            for (auto const& e : must(co_await bl::async_next(w)))
                if ((e.what == bl::link_change::removed ? e.before : e.now).id == id)
                    co_return e.what;
    };
    // Nothing of this process changes meanwhile: only the time limit ends it, or others' links.
    static_cast<void>(run([&]() -> asio::awaitable<std::size_t> {
        auto const ended = co_await (bl::async_next(w) || sleep(30ms));
        co_return ended.index();
    }()));
    auto l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    auto const id = must(l.info()).id;
    CHECK(run(waits_for(id)) == bl::link_change::created);
    must(l.close());
    CHECK(run(waits_for(id)) == bl::link_change::removed);
}

TEST_CASE_FIXTURE(kernel_case, "on a loop, a wait for a watcher ends as Asio ends it") {
    programs const p{"iter_tasks"};
    auto started = bl::watcher::start({.period = 1h});
    if (!started && started.error() == bl::errc::not_supported)
        return skip_case(started.error().message());
    auto w = must(std::move(started));
    using told = bl::result<std::span<bl::link_event const>>;
    std::optional<told> outcome;
    auto const ended = [&](std::exception_ptr failure, told events) {
        rethrow(failure);
        outcome.emplace(std::move(events));
    };
    auto const is_cancelled = [&] {
        REQUIRE(outcome);
        REQUIRE_FALSE(*outcome);
        CHECK((*outcome).error().code().value() == ECANCELED);
    };
    SUBCASE("by its slot") {
        asio::io_context loop;
        asio::cancellation_signal stop;
        asio::co_spawn(loop, bl::async_next(w), asio::bind_cancellation_slot(stop.slot(), ended));
        loop.poll();
        REQUIRE_FALSE(outcome);
        stop.emit(asio::cancellation_type::terminal);
        loop.run();
        is_cancelled();
    }
    SUBCASE("by its slot, and the watcher is gone before the loop goes on") {
        asio::io_context loop;
        asio::cancellation_signal stop;
        asio::co_spawn(loop, bl::async_next(w), asio::bind_cancellation_slot(stop.slot(), ended));
        loop.poll();
        stop.emit(asio::cancellation_type::terminal);
        auto const moved = std::move(w);
        loop.run();
        is_cancelled();
        return;
    }
    SUBCASE("by the loop's end") {
        {
            asio::io_context loop;
            asio::co_spawn(loop, bl::async_next(w), ended);
            loop.poll();
            loop.stop();
            loop.run();
        }
        CHECK_FALSE(outcome); // the coroutine went with the loop
    }
    SUBCASE("by a loop that stands, and goes on") {
        asio::io_context loop;
        asio::cancellation_signal stop;
        asio::co_spawn(loop, bl::async_next(w), asio::bind_cancellation_slot(stop.slot(), ended));
        loop.poll();
        loop.stop();
        CHECK(loop.run() == 0);
        loop.restart();
        loop.poll();
        CHECK_FALSE(outcome);
        stop.emit(asio::cancellation_type::terminal);
        loop.run();
        is_cancelled();
    }
    // It has lost nothing, and can be waited for again.
    auto quick = must(bl::watcher::start({.period = 5ms}));
    w = std::move(quick);
    auto const l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    auto const id = must(l.info()).id;
    bool is_told = false;
    while (!is_told)
        for (auto const& e : must(run(bl::async_next(w))))
            is_told |= e.now.id == id;
    CHECK(is_told);
}

TEST_CASE_FIXTURE(kernel_case, "on a loop, two coroutines wait for one watcher, and one is told") {
    programs const p{"iter_tasks"};
    auto started = bl::watcher::start({.period = 5ms});
    if (!started && started.error() == bl::errc::not_supported)
        return skip_case(started.error().message());
    auto w = must(std::move(started));
    std::optional<bl::link_id> id;
    int told = 0;
    asio::io_context loop;
    auto const listen = [&]() -> asio::awaitable<void> {
        while (told == 0)
            for (auto const& e : must(co_await bl::async_next(w)))
                if (e.what == bl::link_change::created && e.now.id == id) {
                    ++told;
                    loop.stop();
                }
    };
    asio::co_spawn(loop, listen(), rethrow);
    asio::co_spawn(loop, listen(), rethrow);
    loop.poll();
    auto const l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    id = must(l.info()).id;
    loop.run_for(sandbox::patience);
    CHECK(told == 1);
}

TEST_CASE_FIXTURE(kernel_case, "on a loop, an iterator's output comes in chunks and in lines") {
    programs const p{"iter_tasks"};
    auto const l = must(bl::attach(p.iter("iter_tasks"), bl::hook::iter{}));
    auto output = must(l.open());
    auto const text = run([&]() -> asio::awaitable<bl::result<std::string>> {
        std::string all;
        std::array<std::byte, 256> buffer;
        for (;;) {
            auto const count = co_await bl::async_read(output, buffer);
            if (!count) co_return tl::unexpected{count.error()};
            if (*count == 0) co_return all;
            all.append(reinterpret_cast<char const*>(buffer.data()), *count);
        }
    }());
    auto const own = "task " + std::to_string(::getpid());
    CHECK(must(text).find(own + "\n") != std::string::npos);

    auto again = must(l.open());
    auto const met = run([&]() -> asio::awaitable<bl::result<int>> {
        bl::async_lines lines{again};
        int found = 0;
        for (;;) {
            auto const line = co_await lines.next();
            if (!line) co_return tl::unexpected{line.error()};
            if (!*line) co_return found;
            found += **line == own;
        }
    }());
    CHECK(must(met) == 1);
}

TEST_CASE_FIXTURE(kernel_case, "on a loop, a failing read is the line's error") {
    programs const p{"iter_stuck"};
    auto const l = must(bl::attach(p.iter("iter_stuck"), bl::hook::iter{}));
    auto output = must(l.open());
    bl::async_lines lines{output};
    auto const line = run(lines.next());
    REQUIRE_FALSE(line);
    CHECK(line.error().code().value() == EAGAIN);
    CHECK_FALSE(must(run(lines.next())));
}
