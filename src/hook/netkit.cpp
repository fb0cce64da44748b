// SPDX-License-Identifier: Apache-2.0
#include "netkit.hpp"

namespace bpflink {

result<unique_fd> hook_traits<hook::netkit>::create(detail::borrowed_program prog,
                                                    hook::netkit const& where) {
    return create_on_device(prog, place_of(where));
}

} // namespace bpflink
