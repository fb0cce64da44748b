// SPDX-License-Identifier: Apache-2.0
// What sys.cpp says of real timers, and of real news of interfaces, also of those that are lost.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "border/side_by_side.hpp"
#include "border/sys.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include <doctest/doctest.h>

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sys = bpflink::sys;
using namespace std::chrono_literals;

namespace {

constexpr unsigned first = 1, second = 2;
constexpr auto patience = 60s; // for what has to come: beside busy processes it takes long

/// Waits no longer than for a moment. 0: nothing is ready.
unsigned ready(int waiter, std::chrono::milliseconds limit = 0ms) {
    unsigned which = 0;
    REQUIRE(sys::wait_any(waiter, limit, which) >= 0);
    return which;
}

/// This thread's own network namespace, whose loopback can be changed.
class network {
public:
    network() {
        is_there_ = ::unshare(CLONE_NEWNET) == 0;
        if (!is_there_) std::printf("SKIP: a network namespace takes CAP_SYS_ADMIN\n");
    }
    [[nodiscard]] bool is_there() const { return is_there_; }
    void change(int times) const {
        int const socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        REQUIRE(socket >= 0);
        for (int i = 0; i != times; ++i) {
            ::ifreq device{};
            std::snprintf(&device.ifr_name[0], IFNAMSIZ, "lo");
            device.ifr_mtu = 1'500 + i % 2;
            REQUIRE(::ioctl(socket, SIOCSIFMTU, &device) == 0);
        }
        ::close(socket);
    }

private:
    bool is_there_;
};

/// In a thread of its own, whose namespace ends with it.
template <class F>
void in_own_network(F f) {
    std::thread{[&] {
        network const net;
        if (net.is_there()) f(net);
    }}.join();
}

} // namespace

TEST_CASE("a timer can be read first after the one time, and then by its period") {
    auto const waiter = sys::open_waiter();
    auto const timer = sys::open_timer(1ms, 1h);
    REQUIRE(waiter);
    REQUIRE(timer);
    REQUIRE(sys::wait_for(waiter.outcome(), timer.outcome(), first, sys::waits::again) == 0);
    CHECK(ready(waiter.outcome(), patience) == first);
    CHECK(ready(waiter.outcome()) == first); // until it is read
    std::array<std::byte, 8> count;
    CHECK(sys::read(timer.outcome(), count) == 8);
    CHECK(ready(waiter.outcome(), 5ms) == 0);
}

TEST_CASE("several that are ready are told at once, and one that is waited for once is told once") {
    auto const waiter = sys::open_waiter();
    auto const one = sys::open_timer(1ms, 1h), other = sys::open_timer(1ms, 1h);
    REQUIRE(sys::wait_for(waiter.outcome(), one.outcome(), first, sys::waits::again) == 0);
    REQUIRE(sys::wait_for(waiter.outcome(), other.outcome(), second, sys::waits::once) == 0);
    std::this_thread::sleep_for(5ms);
    CHECK(ready(waiter.outcome(), patience) == (first | second));
    CHECK(ready(waiter.outcome()) == first);
    CHECK(sys::wait_for(waiter.outcome(), one.outcome(), first, sys::waits::again) == -EEXIST);
    CHECK(sys::wait_for(waiter.outcome(), -1, first, sys::waits::again) == -EBADF);
    unsigned which = 0;
    CHECK(sys::wait_any(-1, 0ms, which) == -EBADF);
}

TEST_CASE("news of an interface that changes wake, and are not an end") {
    in_own_network([](network const& net) {
        auto const waiter = sys::open_waiter();
        auto const news = sys::open_device_news();
        REQUIRE(news);
        REQUIRE(sys::wait_for(waiter.outcome(), news.outcome(), first, sys::waits::again) == 0);
        CHECK(ready(waiter.outcome()) == 0);
        CHECK(sys::read_device_news(news.outcome()) == 0);
        net.change(3);
        CHECK(ready(waiter.outcome(), patience) == first);
        CHECK(sys::read_device_news(news.outcome()) == 0);
        CHECK(ready(waiter.outcome()) == 0); // all of it was read
    });
}

TEST_CASE("news that the kernel could not deliver, ENOBUFS, are as good as an end") {
    in_own_network([](network const& net) {
        auto const news = sys::open_device_news(), by_hand = sys::open_device_news();
        REQUIRE(by_hand);
        for (auto const* const each : {&news, &by_hand}) { // room for a message or two
            int const least = 0;
            REQUIRE(::setsockopt(each->outcome(), SOL_SOCKET, SO_RCVBUF, &least, sizeof least) ==
                    0);
        }
        net.change(20);
        // The other socket missed the same, and says why.
        int failed = 0;
        for (char byte = 0; failed == 0;)
            if (::recv(by_hand.outcome(), &byte, 1, MSG_TRUNC) < 0) failed = errno;
        REQUIRE(failed == ENOBUFS);
        CHECK(sys::read_device_news(news.outcome()) == 1);
        CHECK(sys::read_device_news(news.outcome()) == 0); // told once
    });
}

TEST_CASE("what is no socket of news is told") {
    CHECK(sys::read_device_news(-1) == -EBADF);
    auto const timer = sys::open_timer(1h, 1h);
    CHECK(sys::read_device_news(timer.outcome()) == -ENOTSOCK);
}

TEST_CASE("work is done once each, in 16 threads at most, which take no signals") {
    struct {
        std::array<std::atomic<int>, 200> done{};
        std::atomic<int> now{0}, most{0}, open_to_signals{0};
        std::thread::id caller = std::this_thread::get_id();
        std::chrono::steady_clock::time_point late = std::chrono::steady_clock::now() + patience;
    } all;
    sys::side_by_side(
        all.done.size(),
        [](void* with, std::size_t i) {
            auto& its = *static_cast<decltype(all)*>(with);
            int const now = ++its.now;
            for (int most = its.most; most < now && !its.most.compare_exchange_weak(most, now);) {
            }
            ::sigset_t blocked;
            ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
            if (std::this_thread::get_id() != its.caller && ::sigismember(&blocked, SIGTERM) == 0)
                ++its.open_to_signals;
            // Not before another one is at work too.
            while (its.most == 1 && std::chrono::steady_clock::now() < its.late)
                std::this_thread::sleep_for(100us);
            ++its.done[i];
            --its.now;
        },
        &all);
    for (auto const& each : all.done)
        CHECK(each == 1);
    CHECK(all.most <= 16);
    CHECK(all.most > 1);
    CHECK(all.open_to_signals == 0);
    CHECK(all.now == 0); // joined
}
