// SPDX-License-Identifier: Apache-2.0
// The kernel detaches no iterator: its link is closed instead.
// expect: detach
// expect: detachable
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

bl::result<void> stop(bl::iter_link& l) {
#ifdef FIXED
    return l.close();
#else
    return l.detach(); // error
#endif
}
