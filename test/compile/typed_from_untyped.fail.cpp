// SPDX-License-Identifier: Apache-2.0
// Compile-time knowledge is given up by a move, and gained by a check.
// expect: typed_link
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
bl::link forget(bl::xdp_link x) {
    return std::move(x);
}
bl::result<bl::xdp_link> learn(bl::link l) {
    return std::move(l).as<bl::xdp_link>();
}
#else
bl::link forget(bl::xdp_link& x) {
    return x; // error
}
bl::xdp_link believe(bl::link l) {
    return l; // error
}
bl::result<bl::xdp_link> learn(bl::link& l) {
    return l.as<bl::xdp_link>(); // error
}
#endif
