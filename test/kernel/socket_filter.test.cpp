// SPDX-License-Identifier: Apache-2.0
#include "expect.hpp"
#include "kernel_case.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/bpflink.hpp>
#include <bpflink/socket_filter.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

using filter = constant_program<bl::program_type::socket_filter>;

constexpr int nothing = 0; // how many bytes are kept
constexpr int all = 0xffff;

/// Says that it is a socket filter.
struct pretended {
    static constexpr auto type = bl::program_type::socket_filter;
    bl::fd_view descriptor;
    [[nodiscard]] bl::fd_view fd() const { return descriptor; }
};

/// Two datagram sockets, connected with each other.
struct pair {
    bl::unique_fd sender;
    bl::unique_fd receiver;

    pair() {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
        sender.reset(ends[0]);
        receiver.reset(ends[1]);
    }
    [[nodiscard]] bool delivers() const {
        REQUIRE(::send(sender.get(), "x", 1, 0) >= 0);
        char byte;
        return ::recv(receiver.get(), &byte, 1, 0) == 1;
    }
};

} // namespace

TEST_CASE_FIXTURE(kernel_case, "a socket's filter decides what it receives, until it is detached") {
    pair const sockets;
    run_statistics const statistics;
    filter const keeps{all};
    filter const drops{nothing};
    must(bl::attach_socket_filter(sockets.receiver, keeps));
    CHECK(sockets.delivers());
    CHECK(statistics.runs(keeps) == 1);

    must(bl::attach_socket_filter(sockets.receiver, drops));
    CHECK_FALSE(sockets.delivers());
    CHECK(statistics.runs(keeps) == 1);

    must(bl::detach_socket_filter(sockets.receiver));
    CHECK(sockets.delivers());
    check_error(bl::detach_socket_filter(sockets.receiver), bl::errc::not_found,
                {"setsockopt", "ENOENT", "has no filter"});
}

TEST_CASE_FIXTURE(kernel_case, "a locked filter stays") {
    pair const sockets;
    filter const keeps{all};
    must(bl::attach_socket_filter(sockets.receiver, keeps));
    int const locked = 1;
    REQUIRE(::setsockopt(sockets.receiver.get(), SOL_SOCKET, SO_LOCK_FILTER, &locked,
                         sizeof locked) == 0);
    check_error(bl::attach_socket_filter(sockets.receiver, filter{nothing}),
                bl::errc::permission_denied, {"EPERM", "SO_LOCK_FILTER"});
    check_error(bl::detach_socket_filter(sockets.receiver), bl::errc::permission_denied,
                {"SO_LOCK_FILTER"});
    CHECK(sockets.delivers());
}

TEST_CASE_FIXTURE(kernel_case, "what is no socket, or no filter, is refused by name") {
    pair const sockets;
    filter const keeps{all};
    bl::unique_fd const file{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    auto const other = file ? bl::fd_view{file} : bl::fd_view{keeps.fd()};
    check_error(bl::attach_socket_filter(other, keeps), bl::errc::invalid_argument,
                {"ENOTSOCK", "not a socket's"});
    check_error(bl::detach_socket_filter(other), bl::errc::invalid_argument, {"ENOTSOCK"});
    check_error(bl::attach_socket_filter(bl::fd_view{987'654}, keeps), bl::errc::invalid_argument,
                {"descriptor 987654", "EBADF"});
    pretended const none{bl::fd_view{}};
    check_error(bl::attach_socket_filter(sockets.receiver, none), bl::errc::invalid_argument,
                {"EBADF"});
    constant_program<bl::program_type::sched_cls> const classifier{0};
    check_error(bl::attach_socket_filter(sockets.receiver, pretended{classifier.fd()}),
                bl::errc::invalid_argument, {"EINVAL", "not a socket filter"});
}
