// SPDX-License-Identifier: Apache-2.0
// The link is gone, and the program off its hook, where nobody takes the result.
// expect: nodiscard
// expect: attach
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

bool start(bl::program_ref<bl::program_type::xdp> prog) {
    bl::hook::xdp const where{.ifindex = bl::ifindex{2}};
#ifdef FIXED
    return bl::attach(prog, where).has_value();
#else
    bl::attach(prog, where); // error
    return true;
#endif
}
