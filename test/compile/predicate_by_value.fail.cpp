// SPDX-License-Identifier: Apache-2.0
// A predicate looks, and takes no link away.
#include <bpflink/bpflink.hpp>

#include <algorithm>
#include <ranges>

namespace bl = bpflink;

#ifdef FIXED
constexpr auto good = [](bl::result<bl::link> const& l) { return l.has_value(); };
#else
constexpr auto good = [](bl::result<bl::link> l) { return l.has_value(); };
#endif

int count() {
    int n = 0;
    for (auto&& l : bl::links() | std::views::filter(good)) // error
        n += l.has_value();
    return n;
}
