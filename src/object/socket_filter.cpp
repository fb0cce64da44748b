// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/fail.hpp"
#include "object/identify.hpp"

#include <bpflink/socket_filter.hpp>

#include <cerrno>

namespace bpflink {
namespace {

result<void> judged(int outcome, fd_view socket, char const* on_not_found) {
    if (outcome >= 0) return {};
    auto const refused = [&](errc condition, char const* advice) {
        return fail(outcome, operation::setsockopt, condition, "socket " + describe(socket),
                    advice);
    };
    switch (-outcome) {
    case ENOENT: return refused(errc::not_found, on_not_found);
    case ENOTSOCK: return refused(errc::invalid_argument, "the descriptor is not a socket's");
    case EBADF: return refused(errc::invalid_argument, "a descriptor is not open");
    case EINVAL: return refused(errc::invalid_argument, "the program is no socket filter");
    case EPERM:
        return refused(errc::permission_denied, "the socket's filter is locked (SO_LOCK_FILTER)");
    default: return refused(usual_condition(-outcome), "");
    }
}

} // namespace

result<void> detail::attach_socket_filter(fd_view socket, fd_view program) {
    return judged(sys::attach_socket_filter(socket.get(), program.get()), socket, "");
}

result<void> detach_socket_filter(fd_view socket) {
    return judged(sys::detach_socket_filter(socket.get()), socket, "it has no filter");
}

} // namespace bpflink
