// SPDX-License-Identifier: Apache-2.0
// A program whose type is known only at run time has to be looked at first.
// expect: no matching function for call to ['‘]?(bpflink::)?attach
// expect: program_for
// expect: bpf_program
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

bl::result<bl::xdp_link> start(bl::program const& prog) {
    bl::hook::xdp const where{.ifindex = bl::ifindex{2}};
#ifdef FIXED
    return prog.as<bl::program_type::xdp>().and_then(
        [&](auto known) { return bl::attach(known, where); });
#else
    return bl::attach(prog, where); // error
#endif
}
