// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/any_program.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>

namespace bpflink {

/// P is known at compile time to be a socket filter.
template <class P>
concept socket_filter_program = bpf_program<P> && P::type == program_type::socket_filter;

namespace detail {
[[nodiscard]] result<void> attach_socket_filter(fd_view socket, fd_view program);
}

/// Has `prog` cut or drop what the socket receives. There is no link of this: the filter is the
/// socket's, and replaces the one before. It stays until it is detached or the socket goes.
/// @param socket  borrowed
/// @param prog    borrowed; the socket keeps its own reference
/// @errors permission_denied  the filter is locked (EPERM; SO_LOCK_FILTER); a security module or a
///                            cgroup's program refuses it
///         invalid_argument   `socket` is not a socket's (ENOTSOCK), or not open; the program is
///                            not a socket filter (EINVAL), or not open
///         not_supported      sockets of this protocol take no filter (EOPNOTSUPP)
///         ENOMEM             more than net.core.optmem_max
/// @kernel since 3.19; net/core/filter.c, sk_attach_bpf(); read at v6.12
/// @cost 1 system call
template <socket_filter_program P>
[[nodiscard]] result<void> attach_socket_filter(fd_view socket, P const& prog) {
    return detail::attach_socket_filter(socket, prog.fd());
}

/// Takes the filter off a socket, whoever put it there.
/// @param socket  borrowed
/// @errors not_found          it has no filter (ENOENT)
///         permission_denied  the filter is locked (EPERM; SO_LOCK_FILTER); a security module or a
///                            cgroup's program refuses it
///         invalid_argument   `socket` is not a socket's (ENOTSOCK), or not open
///         not_supported      sockets of this protocol take no filter (EOPNOTSUPP)
/// @kernel since 2.2; net/core/filter.c, sk_detach_filter(); read at v6.12
/// @cost 1 system call
[[nodiscard]] result<void> detach_socket_filter(fd_view socket);

} // namespace bpflink
