// SPDX-License-Identifier: Apache-2.0
// A step with a program that the link's hook does not take.
// expect: operator ?'?\||invalid operands
// expect: hook::xdp
#include <bpflink/bpflink.hpp>

namespace bl = bpflink;

#ifdef FIXED
constexpr auto type = bl::program_type::xdp;
#else
constexpr auto type = bl::program_type::cgroup_skb;
#endif

bl::result<bl::xdp_link> swap(bl::result<bl::xdp_link> attached, bl::program_ref<type> next) {
    return std::move(attached) | bl::update(next); // error
}
bl::result<bl::xdp_link> swap(bl::result<bl::xdp_link> attached, bl::program_ref<type> next,
                              bl::program_ref<bl::program_type::xdp> old) {
    return std::move(attached) | bl::update(next, bl::expecting(old)); // error
}
// Steps that were composed before any link existed are checked when they meet one.
bl::result<bl::xdp_link> publish(bl::result<bl::xdp_link> attached, bl::program_ref<type> next) {
    auto const steps = bl::pin("/sys/fs/bpf/eth0") | bl::update(next);
    return std::move(attached) | steps; // error
}
