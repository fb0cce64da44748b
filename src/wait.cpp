// SPDX-License-Identifier: Apache-2.0
#include "fail.hpp"
#include "identify.hpp"
#include "sys.hpp"

#include <bpflink/detail/wait.hpp>

#include <cerrno>

namespace bpflink::detail {

result<unique_fd> duplicated(fd_view fd) {
    int const outcome = sys::duplicate(fd.get());
    if (outcome < 0) return fail(outcome, operation::duplicate, describe(fd));
    return unique_fd{outcome};
}

error not_waited(int number, fd_view fd) {
    error why{number, operation::poll, describe(fd)};
    if (number == EOPNOTSUPP)
        why.add_advice(
            "the kernel cannot wait for it: of links only for those of struct_ops (6.11)");
    return why;
}

} // namespace bpflink::detail
