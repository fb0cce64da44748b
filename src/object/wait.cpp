// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/fail.hpp"
#include "object/identify.hpp"

#include <bpflink/detail/wait.hpp>

#include <cerrno>

namespace bpflink::detail {

result<unique_fd> duplicated(fd_view fd) {
    auto copy = sys::duplicate(fd.get());
    if (!copy) return fail(copy.outcome(), operation::duplicate, describe(fd));
    return copy;
}

result<unique_fd> watched(fd_view fd) {
    auto watching = sys::watch(fd.get());
    if (!watching) return tl::unexpected{not_waited(-watching.outcome(), fd)};
    return watching;
}

error not_waited(int number, fd_view fd) {
    // epoll_ctl() says that of a file without poll.
    if (number == EPERM)
        return {number, operation::poll, errc::not_supported, describe(fd),
                "the kernel cannot wait for it: of links only for those of struct_ops (6.11)"};
    return error{number, operation::poll, describe(fd)};
}

} // namespace bpflink::detail
