// SPDX-License-Identifier: Apache-2.0
#include "hook/create.hpp"
#include "hook/matches.hpp"

#include <bpflink/hook/xdp.hpp>

#include <array>
#include <cerrno>

namespace bpflink {
namespace {

std::string advice_on(int outcome, hook::xdp const& where) {
    switch (-outcome) {
    case EBUSY: return "another XDP program is on the interface: update its link, or detach it";
    case EEXIST: return "the interface runs XDP in another mode";
    case EOPNOTSUPP:
        return where.mode == xdp_mode::automatic || where.mode == xdp_mode::generic
                   ? "the interface takes no XDP program"
                   : "the driver has no XDP in this mode: try xdp_mode::generic";
    case EINVAL: return "the mode, or a program loaded for a devmap or cpumap";
    case EPERM: return "CAP_NET_ADMIN and CAP_BPF are needed";
    default: return {};
    }
}

} // namespace

match hook_traits<hook::xdp>::matches(link_info const& info) noexcept {
    return matches_by_type<hook::xdp>(info);
}

result<unique_fd> hook_traits<hook::xdp>::create(detail::borrowed_program prog,
                                                 hook::xdp const& where) {
    std::string const interface = "interface " + std::to_string(where.ifindex.value());
    if (prog.expected == attach_type::xdp_devmap || prog.expected == attach_type::xdp_cpumap)
        return tl::unexpected{check_expected(prog, attach_type::xdp, interface).error()};
    auto made = sys::link_create({
        .prog_fd = raw_fd(prog.fd),
        .target = where.ifindex.value(),
        .attach_type = static_cast<std::uint32_t>(attach_type::xdp),
        .flags = static_cast<std::uint32_t>(where.mode),
        .bytes = {},
    });
    if (made) return made;
    int const outcome = made.outcome();
    // The kernel says EINVAL to many things.
    std::array<char, 16> found;
    if (outcome == -EINVAL && sys::interface_name(where.ifindex.value(), found) == -ENODEV)
        return fail(outcome, operation::link_create, errc::not_found, interface,
                    "no such interface in this network namespace");
    return created(std::move(made), operation::link_create, interface, advice_on(outcome, where));
}

} // namespace bpflink
