// SPDX-License-Identifier: Apache-2.0
// A chain consumes the result before it; so a named one has to be moved.
// expect: operator ?'?\||invalid operands
// expect: is_link_result|deleted
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

bl::result<bl::xdp_link> publish(bl::result<bl::xdp_link> attached) {
#ifdef FIXED
    return std::move(attached) | bl::pin("/sys/fs/bpf/eth0");
#else
    return attached | bl::pin("/sys/fs/bpf/eth0"); // error
#endif
}
