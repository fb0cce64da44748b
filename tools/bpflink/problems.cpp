// SPDX-License-Identifier: Apache-2.0
#include "problems.hpp"

#include "output.hpp"

namespace tool {

void problems::operator()(bpflink::error const& e) {
    complain(e.message());
    any_ = true;
}

int exit_code(bpflink::result<void> const& outcome) {
    if (outcome) return 0;
    complain(outcome.error().message());
    return failure;
}

} // namespace tool
