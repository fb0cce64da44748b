// SPDX-License-Identifier: Apache-2.0
// What is borrowed must outlive the borrower, in a result that nobody has named as well. E12
// expect: delete
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
#define GONE(x) x
#else
#define GONE(x) std::move(x)
#endif

void borrow(bl::result<bl::program> p, bl::result<bl::link> l, bl::result<bl::iter_output> out) {
    auto const known = (*GONE(p)).as<bl::program_type::xdp>(); // error
    auto const of_link = (*GONE(l)).fd();                      // error
    auto const lines = GONE(out).value().lines();              // error
    auto const expected = bl::expecting(*GONE(p));             // error
    auto const place = bl::order::before(*GONE(l));            // error
}
