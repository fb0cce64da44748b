// SPDX-License-Identifier: Apache-2.0
// Only an iterator has output.
// expect: open
// expect: constraint
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
using some_link = bl::iter_link;
#else
using some_link = bl::xdp_link;
#endif

bl::result<bl::iter_output> look(some_link const& l) {
    return l.open(); // error
}
