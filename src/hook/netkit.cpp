// SPDX-License-Identifier: Apache-2.0
#include "hook/netkit.hpp"

#include "hook/row.hpp"

#include <cerrno>

namespace bpflink {

detail::hook_row const& hook_traits<hook::netkit>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::sched_cls,
                                  .attach = attach_type::netkit_primary,
                                  .known = ENODEV},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::netkit>::create(detail::borrowed_program prog,
                                                    hook::netkit const& where) {
    return create_on_device(prog, place_of(where));
}

} // namespace bpflink
