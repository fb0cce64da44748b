// SPDX-License-Identifier: Apache-2.0
// One owner for each descriptor.
// expect: deleted
// expect: copied_handles
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
#define PASS(x) std::move(x)
#else
#define PASS(x) x
#endif

void keep(bl::link l, bl::xdp_link x, bl::unique_fd fd, bl::program p, bl::iter_output o) {
    bl::link link_copy{PASS(l)};          // error
    bl::xdp_link typed_copy{PASS(x)};     // error
    bl::unique_fd fd_copy{PASS(fd)};      // error
    bl::program program_copy{PASS(p)};    // error
    bl::iter_output output_copy{PASS(o)}; // error
    l = PASS(link_copy);                  // error
    x = PASS(typed_copy);                 // error
    fd = PASS(fd_copy);                   // error
}
