// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "hook/row.hpp"
#include "object/identify.hpp"

#include <bpflink/socket_filter.hpp>

#include <array>
#include <cerrno>

namespace bpflink {
namespace {

using detail::attempt;
using detail::finding;
using detail::refusal;

struct request {
    fd_view socket;
    fd_view program = {}; // none: to detach
};

finding socket_is_closed(attempt const& tried) {
    return is_closed(tried.as<request>().socket);
}

finding program_is_closed(attempt const& tried) {
    return is_closed(tried.as<request>().program);
}

finding filter_is_locked(attempt const& tried) {
    int const told = sys::is_socket_filter_locked(tried.as<request>().socket.get());
    return {told < 0 ? match::unknown : told == 1 ? match::yes : match::no};
}

constexpr std::array socket_causes{
    refusal{EBADF, errc::invalid_argument, "the socket's descriptor is not open", "",
            "sockfd_lookup_light", socket_is_closed},
    refusal{ENOTSOCK, errc::invalid_argument, "the descriptor is not a socket's", "",
            "sockfd_lookup_light"},
    refusal{EPERM, errc::permission_denied, "the socket's filter is locked (SO_LOCK_FILTER)", "",
            "sk_attach_bpf", filter_is_locked},
    refusal{EPERM, errc::permission_denied,
            "a security module, or a cgroup's program for setsockopt, refuses it", "",
            "__sys_setsockopt"},
    refusal{EACCES, errc::permission_denied, "a security module refuses it", "ask its log",
            "security_socket_setsockopt"},
    refusal{EOPNOTSUPP, errc::not_supported, "sockets of this protocol take no filter", "",
            "mptcp_setsockopt_sol_socket"},
};
constexpr auto attach_causes =
    joined(socket_causes,
           std::array{
               refusal{EBADF, errc::invalid_argument, "the program's descriptor is not open", "",
                       "bpf_prog_get_type", program_is_closed},
               refusal{EINVAL, errc::invalid_argument, "the program is not a socket filter", "",
                       "bpf_prog_get_type"},
               refusal{ENOMEM, errc{}, "the socket's memory for options is used up",
                       "raise net.core.optmem_max", "__sk_attach_prog"},
           });
constexpr auto detach_causes =
    joined(socket_causes,
           std::array{
               refusal{ENOENT, errc::not_found, "the socket has no filter", "", "sk_detach_filter"},
           });

result<void> judged(int outcome, request const& asked, refusals causes) {
    if (outcome >= 0) return {};
    return refuse(outcome, operation::setsockopt, "socket " + describe(asked.socket),
                  {.request = &asked}, {causes});
}

} // namespace

result<void> detail::attach_socket_filter(fd_view socket, fd_view program) {
    return judged(sys::attach_socket_filter(socket.get(), program.get()), {socket, program},
                  attach_causes);
}

result<void> detach_socket_filter(fd_view socket) {
    return judged(sys::detach_socket_filter(socket.get()), {socket}, detach_causes);
}

} // namespace bpflink
