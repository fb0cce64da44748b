// SPDX-License-Identifier: Apache-2.0
// A step that the kind of link cannot do.
// expect: operator ?'?\||invalid operands
// expect: hook::iter
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
using some_link = bl::xdp_link;
#else
using some_link = bl::iter_link;
#endif

bl::result<some_link> stop(bl::result<some_link> attached) {
    return std::move(attached) | bl::detach(); // error
}
