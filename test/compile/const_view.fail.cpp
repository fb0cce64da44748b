// SPDX-License-Identifier: Apache-2.0
// The element lives in the view, as in std::ranges::istream_view: walking changes it.
// expect: begin
// expect: const
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

int count() {
#ifdef FIXED
    auto all = bl::links();
#else
    auto const all = bl::links();
#endif
    int n = 0;
    for (auto&& l : all) // error
        n += l.has_value();
    return n;
}
