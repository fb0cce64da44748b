// SPDX-License-Identifier: Apache-2.0
#include "tcx.hpp"

namespace bpflink {

result<unique_fd> hook_traits<hook::tcx>::create(detail::borrowed_program prog,
                                                 hook::tcx const& where) {
    return create_on_device(prog, place_of(where));
}

} // namespace bpflink
