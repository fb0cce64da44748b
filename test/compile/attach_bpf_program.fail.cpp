// SPDX-License-Identifier: Apache-2.0
// libbpf's pointer is not attached itself: the message says how to borrow it.
// expect: deleted
// quotes: program_ref<\.\.\.>::from
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
bl::result<bl::xdp_link> start(bl::program_ref<bl::program_type::xdp> prog) {
#else
bl::result<bl::xdp_link> start(::bpf_program* prog) {
#endif
    return bl::attach(prog, bl::hook::xdp{.ifindex = bl::ifindex{2}}); // error
}
