// SPDX-License-Identifier: Apache-2.0

// Copies of descriptors on Windows, where none can be waited for.

#include "border/sys.hpp"
#include "error/refusal.hpp"
#include "object/identify.hpp"

#include <bpflink/detail/wait.hpp>

namespace bpflink {

result<unique_fd> detail::duplicated(fd_view fd, bool survives_exec) {
    auto copy = sys::duplicate(fd.get(), survives_exec);
    if (copy) return copy;
    return refuse(copy.outcome(), operation::duplicate, describe(fd), {}, {});
}

} // namespace bpflink
