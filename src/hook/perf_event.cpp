// SPDX-License-Identifier: Apache-2.0
#include "hook/matches.hpp"
#include "hook/perf.hpp"
#include "hook/row.hpp"
#include "object/identify.hpp"

#include <bpflink/hook/perf_event.hpp>

#include <cerrno>

namespace bpflink {

match hook_traits<hook::perf_event>::matches(link_info const& info) noexcept {
    return matches_event<perf_counter>(info, match::unknown);
}

detail::hook_row const& hook_traits<hook::perf_event>::row() noexcept {
    static constexpr detail::hook_row facts{
        .name = name,
        .program_types = program_types,
        .attach_types = attach_types,
        .asked_by = detail::probe{.program = program_type::perf_event,
                                  .attach = attach_type::perf_event,
                                  .known = EBADF},
    };
    return facts;
}

result<unique_fd> hook_traits<hook::perf_event>::create(detail::borrowed_program prog,
                                                        hook::perf_event const& where) {
    return attach_to_event(prog, where.event, where.cookie,
                           "perf event at " + describe(where.event));
}

} // namespace bpflink
