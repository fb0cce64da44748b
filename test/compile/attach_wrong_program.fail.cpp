// SPDX-License-Identifier: Apache-2.0
// A kprobe program does not go on an XDP hook, and both are named.
// expect: no matching function for call to ['‘]?(bpflink::)?attach
// expect: program_for<.*program_type::kprobe.*hook::xdp|program_for<.*kprobe
// expect: hook_takes_program_type
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
constexpr auto type = bl::program_type::xdp;
#else
constexpr auto type = bl::program_type::kprobe;
#endif

bl::result<bl::xdp_link> start(bl::program_ref<type> prog) {
    return bl::attach(prog, bl::hook::xdp{.ifindex = bl::ifindex{2}}); // error
}
