// SPDX-License-Identifier: Apache-2.0
#include "hook/netkit.hpp"

#include "hook/matches.hpp"

namespace bpflink {

match hook_traits<hook::netkit>::matches(link_info const& info) noexcept {
    return matches_by_type<hook::netkit>(info);
}

result<unique_fd> hook_traits<hook::netkit>::create(detail::borrowed_program prog,
                                                    hook::netkit const& where) {
    return create_on_device(prog, place_of(where));
}

} // namespace bpflink
