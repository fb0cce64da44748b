// SPDX-License-Identifier: Apache-2.0
// A link lends a descriptor, but is not a program.
// expect: no matching (member )?function
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
using other = bl::program;
#else
using other = bl::link;
#endif

bl::result<void> swap(bl::link& l, other const& next) {
    return l.update(next); // error
}
bl::result<bl::link> start(other const& next) {
    return bl::attach(next, bl::hook::raw{.target = bl::ifindex{2}}); // error
}
