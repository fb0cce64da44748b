// SPDX-License-Identifier: Apache-2.0
// An XDP link takes XDP programs, also in a compare-and-swap.
// expect: no matching (member )?function for call to .*update
// expect: program_for
// expect: cgroup_skb
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
constexpr auto type = bl::program_type::xdp;
#else
constexpr auto type = bl::program_type::cgroup_skb;
#endif

bl::result<void> swap(bl::xdp_link& l, bl::program_ref<type> next) {
    return l.update(next); // error
}
bl::result<void> swap(bl::xdp_link& l, bl::program_ref<type> next,
                      bl::program_ref<bl::program_type::xdp> old) {
    return l.update(next, bl::expecting(old)); // error
}
