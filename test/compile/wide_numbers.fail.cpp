// SPDX-License-Identifier: Apache-2.0
// No bit of an id is ever cut: (1 << 32) + 1 is not interface 1.
// expect: delete
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
using number = std::uint32_t;
#else
using number = std::uint64_t;
#endif

void narrow(number wide) {
    bl::link_id const id{wide};             // error
    bl::ifindex const interface{wide};      // error
    auto const cast = bl::program_id(wide); // error
}
