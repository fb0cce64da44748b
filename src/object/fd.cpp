// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/refusal.hpp"

#include <bpflink/detail/wait.hpp>
#include <bpflink/fd.hpp>

#include <array>
#include <cerrno>

namespace bpflink {
namespace {

using detail::refusal;

constexpr std::array causes{
    refusal{EBADF, errc::invalid_argument, "it is not open: other code has closed it",
            "find the code that closes a descriptor twice", "file_close_fd"},
};

} // namespace

void unique_fd::reset(int fd) noexcept {
    int const old = std::exchange(fd_, fd < 0 ? -1 : fd);
    if (old >= 0 && old != fd_) sys::close(old);
}

result<void> unique_fd::close() {
    if (fd_ < 0) return {};
    int const fd = release();
    if (int const outcome = sys::close(fd); outcome < 0)
        return refuse(outcome, operation::close, "descriptor " + std::to_string(fd), {}, {causes});
    return {};
}

result<unique_fd> duplicate_for_exec(fd_view fd) {
    return detail::duplicated(fd, true);
}

} // namespace bpflink
