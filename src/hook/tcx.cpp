// SPDX-License-Identifier: Apache-2.0
#include "hook/tcx.hpp"

#include "hook/matches.hpp"

namespace bpflink {

match hook_traits<hook::tcx>::matches(link_info const& info) noexcept {
    return matches_by_type<hook::tcx>(info);
}

result<unique_fd> hook_traits<hook::tcx>::create(detail::borrowed_program prog,
                                                 hook::tcx const& where) {
    return create_on_device(prog, place_of(where));
}

} // namespace bpflink
