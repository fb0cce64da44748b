// SPDX-License-Identifier: Apache-2.0
// The kernel swaps no program on a raw tracepoint.
// expect: no matching (member )?function for call to .*update
// expect: updatable
// expect: hook::raw_tracepoint
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
using some_link = bl::xdp_link;
constexpr auto type = bl::program_type::xdp;
#else
using some_link = bl::raw_tracepoint_link;
constexpr auto type = bl::program_type::raw_tracepoint;
#endif

bl::result<void> swap(some_link& l, bl::program_ref<type> next) {
    return l.update(next); // error
}
