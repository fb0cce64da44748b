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

TEST_CASE_FIXTURE(with_socket, "each refusal has its condition and its advice") {
    struct row {
        int number;
        bl::errc condition;
        char const* advice;
    };
    auto const subject = "socket descriptor " + std::to_string(socket.get());
    for (row const& each : {
             row{EBADF, bl::errc::invalid_argument, "not open"},
             row{ENOTSOCK, bl::errc::invalid_argument, "not a socket's"},
             row{EINVAL, bl::errc::invalid_argument, "no socket filter"},
             row{EPERM, bl::errc::permission_denied, "SO_LOCK_FILTER"},
             row{ENOMEM, no_condition, ""},
         }) {
        fail(call::attach_socket_filter, each.number);
        auto const attached = bl::attach_socket_filter(socket, filter);
        REQUIRE_FALSE(attached);
        check_error(attached.error(), each.number, bl::operation::setsockopt, each.condition,
                    {subject, each.advice});
        fail(call::detach_socket_filter, each.number);
        auto const detached = bl::detach_socket_filter(socket);
        REQUIRE_FALSE(detached);
        check_error(detached.error(), each.number, bl::operation::setsockopt, each.condition,
                    {subject, each.advice});
    }
    fail(call::detach_socket_filter, ENOENT);
    auto const none = bl::detach_socket_filter(socket);
    REQUIRE_FALSE(none);
    check_error(none.error(), ENOENT, bl::operation::setsockopt, bl::errc::not_found,
                {"has no filter"});
}
