// SPDX-License-Identifier: Apache-2.0
// A link that is about to close lends no descriptor. E12
// expect: delete
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

bool is_open(bl::link l) {
#ifdef FIXED
    auto const taken = l.fd();
#else
    auto const taken = std::move(l).fd(); // error
#endif
    return bool{taken};
}
