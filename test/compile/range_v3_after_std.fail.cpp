// SPDX-License-Identifier: Apache-2.0
// A std adaptor's result is no range-v3 view, for any range. The other way round it works.
// expect: viewable_range|view_
#include <bpflink/bpflink.hpp>

#include <ranges>

#include <range/v3/view/filter.hpp>

namespace bl = bpflink;

int count() {
    int n = 0;
#ifdef FIXED
    for (auto&& id : bl::link_ids() | ranges::views::filter(bl::has_value) | std::views::take(3))
#else
    for (auto&& id :
         bl::link_ids() | std::views::take(3) | ranges::views::filter(bl::has_value)) // error
#endif
        n += id.has_value();
    return n;
}
