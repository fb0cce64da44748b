// SPDX-License-Identifier: Apache-2.0
// What is borrowed must outlive the borrower. E12
// expect: delete
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
#define GONE(x) x
#else
#define GONE(x) std::move(x)
#endif

void borrow(bl::unique_fd fd, bl::program p, bl::link l, bl::xdp_link x, bl::iter_output out) {
    bl::fd_view const view{GONE(fd)};                                               // error
    auto const from_fd = bl::program_ref<bl::program_type::xdp>::from_fd(GONE(fd)); // error
    auto const map = bl::map_ref::from_fd(GONE(fd));                                // error
    bl::hook::raw const where{.target = bl::fd_view{GONE(fd)}};                     // error
    bl::hook::iter const walked{.cgroup = bl::iter_cgroup{bl::fd_view{GONE(fd)}}};  // error
    auto const known = GONE(p).as<bl::program_type::xdp>();                         // error
    auto const of_program = GONE(p).fd();                                           // error
    auto const of_link = GONE(l).fd();                                              // error
    auto const of_typed = GONE(x).fd();                                             // error
    auto const of_output = GONE(out).fd();                                          // error
    auto const lines = GONE(out).lines();                                           // error
    auto const bytes = GONE(out).bytes();                                           // error
    auto const records = GONE(out).records<int>();                                  // error
    auto const path = GONE(l).pinned_path();                                        // error
    auto const typed_path = GONE(x).pinned_path();                                  // error
    auto const expected = bl::expecting(GONE(p));                                   // error
}
void borrow(bl::error e, bl::snapshotter s) {
    auto const subject = GONE(e).subject();    // error
    auto const* reason = GONE(s).why_walked(); // error
}
