// SPDX-License-Identifier: Apache-2.0
#include "border/sys.hpp"
#include "error/fail.hpp"

#include <bpflink/fd.hpp>

namespace bpflink {

void unique_fd::reset(int fd) noexcept {
    int const old = std::exchange(fd_, fd < 0 ? -1 : fd);
    if (old >= 0 && old != fd_) sys::close(old);
}

result<void> unique_fd::close() {
    if (fd_ < 0) return {};
    int const fd = release();
    if (int const outcome = sys::close(fd); outcome < 0)
        return fail(outcome, operation::close, "descriptor " + std::to_string(fd));
    return {};
}

} // namespace bpflink
