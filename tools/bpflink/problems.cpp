// SPDX-License-Identifier: Apache-2.0
#include "problems.hpp"

#include "output.hpp"

#include <string>

namespace tool {

void problems::operator()(bpflink::error const& e) {
    if (said_.insert(e.message()).second) complain(e.message());
}

void problems::note(std::string_view message) const {
    complain("note: " + std::string{message});
}

int exit_code(bpflink::result<void> const& outcome) {
    if (outcome) return 0;
    complain(outcome.error().message());
    return failure;
}

} // namespace tool
