// SPDX-License-Identifier: Apache-2.0
#include <bpflink/detail/chain.hpp>

namespace bpflink::detail {

error abandon(link owned, error why) {
    if (auto const undone = access::restore_pin(owned); !undone)
        why.add_advice("undoing failed too: " + undone.error().message());
    return why;
}

} // namespace bpflink::detail
