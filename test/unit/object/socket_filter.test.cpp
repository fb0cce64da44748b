// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/program_ref.hpp>
#include <bpflink/socket_filter.hpp>

#include <string>

namespace {

struct with_socket : machine {
    typed_program<bl::program_type::socket_filter> filter{
        {open(add_program(bl::program_type::socket_filter))}};
    bl::unique_fd socket = open_file();
};

template <class P>
concept filters = requires(P const& prog) { bl::attach_socket_filter(bl::fd_view{}, prog); };
static_assert(filters<bl::program_ref<bl::program_type::socket_filter>>);
static_assert(!filters<bl::program_ref<bl::program_type::xdp>>);
static_assert(!filters<held_program>);

} // namespace

TEST_CASE_FIXTURE(with_socket, "a socket's filter is set and unset") {
    CHECK(succeeded(bl::attach_socket_filter(socket, filter)));
    CHECK(last_filter == filter.fd().get());
    CHECK(calls(call::attach_socket_filter) == 1);
    CHECK(succeeded(bl::detach_socket_filter(socket)));
    CHECK_FALSE(last_filter);
    CHECK(calls(call::detach_socket_filter) == 1);
    CHECK(system_calls() == 2);
}

TEST_CASE_FIXTURE(with_socket, "a socket says what is in the way of a filter") {
    std::string const subject = "socket descriptor " + std::to_string(socket.get());
    auto const check = [&](bl::result<void> const& done, int number, bl::errc condition,
                           std::string_view text) {
        check_error(done, number, bl::operation::setsockopt, condition, {subject, text});
    };
    auto const check_both = [&](int number, bl::errc condition, std::string_view text) {
        CAPTURE(number);
        fail(call::attach_socket_filter, number);
        check(bl::attach_socket_filter(socket, filter), number, condition, text);
        fail(call::detach_socket_filter, number);
        check(bl::detach_socket_filter(socket), number, condition, text);
    };
    check_both(ENOTSOCK, bl::errc::invalid_argument, "not a socket's");
    check_both(EOPNOTSUPP, bl::errc::not_supported, "of this protocol");
    check_both(EACCES, bl::errc::permission_denied, "security module");
    check_both(EPERM, bl::errc::permission_denied, "a cgroup's program for setsockopt");
    filter_is_locked = true;
    check_both(EPERM, bl::errc::permission_denied, "SO_LOCK_FILTER");
    fail(call::attach_socket_filter, EINVAL);
    check(bl::attach_socket_filter(socket, filter), EINVAL, bl::errc::invalid_argument,
          "not a socket filter");
    fail(call::attach_socket_filter, ENOMEM);
    check(bl::attach_socket_filter(socket, filter), ENOMEM, no_condition, "optmem_max");
    fail(call::detach_socket_filter, ENOENT);
    check(bl::detach_socket_filter(socket), ENOENT, bl::errc::not_found, "has no filter");
    fail(call::attach_socket_filter, EBADF);
    check(bl::attach_socket_filter(socket, typed_program<bl::program_type::socket_filter>{}), EBADF,
          bl::errc::invalid_argument, "the program's descriptor is not open");
    check_error(bl::detach_socket_filter(bl::fd_view{99}), EBADF, bl::operation::setsockopt,
                bl::errc::invalid_argument,
                {"socket descriptor 99", "the socket's descriptor is not open"});
}
