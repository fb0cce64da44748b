// SPDX-License-Identifier: Apache-2.0
#include "object/identify.hpp"
#include "hook/matches.hpp"
#include "hook/perf.hpp"

#include <bpflink/hook/perf_event.hpp>

namespace bpflink {

match hook_traits<hook::perf_event>::matches(link_info const& info) noexcept {
    return matches_event<perf_counter>(info, match::unknown);
}

result<unique_fd> hook_traits<hook::perf_event>::create(detail::borrowed_program prog,
                                                        hook::perf_event const& where) {
    return attach_to_event(prog, where.event, where.cookie,
                           "perf event at " + describe(where.event));
}

} // namespace bpflink
