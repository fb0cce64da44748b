// SPDX-License-Identifier: Apache-2.0
// A place next to a handle borrows it.
// expect: delete
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

void place(bl::tcx_link l, bl::link untyped, bl::program p) {
#ifdef FIXED
    auto const a = bl::order::before(l);
    auto const b = bl::order::after(untyped);
    auto const c = bl::order::before(p);
#else
    auto const a = bl::order::before(std::move(l));      // error
    auto const b = bl::order::after(std::move(untyped)); // error
    auto const c = bl::order::before(std::move(p));      // error
#endif
}
