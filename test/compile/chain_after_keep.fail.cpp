// SPDX-License-Identifier: Apache-2.0
// keep() ends a chain: there is no link behind it.
// expect: operator ?'?\||invalid operands
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

bl::result<void> hand_over(bl::result<bl::link> attached, bl::unique_fd& sink) {
#ifdef FIXED
    return std::move(attached) | bl::pin("/sys/fs/bpf/x") | bl::keep(sink);
#else
    return std::move(attached) | bl::keep(sink) | bl::pin("/sys/fs/bpf/x"); // error
#endif
}
