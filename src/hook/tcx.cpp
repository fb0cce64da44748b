// SPDX-License-Identifier: Apache-2.0
#include "hook/tcx.hpp"

#include "hook/row.hpp"

#include <cerrno>

namespace bpflink {

detail::hook_row const& hook_traits<hook::tcx>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::sched_cls,
                                  .attach = attach_type::tcx_ingress,
                                  .known = ENODEV},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::tcx>::create(detail::borrowed_program prog,
                                                 hook::tcx const& where) {
    return create_on_device(prog, place_of(where));
}

} // namespace bpflink
