// SPDX-License-Identifier: Apache-2.0

// Looks at programs for updates of links, which Windows does not have.

#include "hook/create.hpp"
#include "hook/typed.hpp"

#include <cerrno>

namespace bpflink {

bool attach_type_is_fixed(program_type) noexcept {
    return false;
}

int attach_to_nothing(fd_view, attach_type) {
    return EOPNOTSUPP;
}

} // namespace bpflink
